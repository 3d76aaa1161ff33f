import { attempt, Hindrance } from '../setup/command.ts'
import { pause, succeed, type Place } from './measure.ts'

/** Wall seconds of submitting lines as jobs by sbatch alone, until accounting has the end of each. */
export function bareJobs(place: Place, name: string, lines: readonly string[]): number {
  const script = 'for line; do sbatch -Q -o /dev/null -J "$0" --wrap "$line" || exit; done'
  return untilAccounted(place, name, lines.length, () => succeed(['sh', '-c', script, name, ...lines], place))
}

/** The same, each behind the one before it. */
export function bareChain(place: Place, name: string, lines: readonly string[]): number {
  const script =
    'last=; for line; do last=$(sbatch --parsable ${last:+-d afterok:$last} -o /dev/null -J "$0" --wrap "$line") || exit; done'
  return untilAccounted(place, name, lines.length, () => succeed(['sh', '-c', script, name, ...lines], place))
}

/** The same for an array: one line for all its tasks. */
export function bareArray(place: Place, name: string, tasks: number, line: string): number {
  const words = ['sbatch', '-Q', '-o', '/dev/null', '-J', name, `--array=0-${tasks - 1}`, '--wrap', line]
  return untilAccounted(place, name, tasks, () => succeed(words, place))
}

// The queue is asked first, as anybody would: accounting takes 90 ms to answer.
function untilAccounted(place: Place, name: string, jobs: number, submit: () => void): number {
  const begun = performance.now()
  submit()
  const waiting = ['-h', '-n', name, '-t', 'PD,CF,R,CG', '-o', '%i']
  while (succeed(['squeue', ...waiting], place) !== '') pause(jobs > 500 ? 500 : 20)
  const query = ['-n', '-P', '-X', '-S', 'now-1days', '--name', name, '-o', 'State,End']
  for (;;) {
    const rows = attempt('sacct', query, place)
      .stdout.split('\n')
      .filter((row) => row !== '')
    const bad = rows.find((row) => /^(FAILED|CANCELLED|NODE_FAIL)/.test(row))
    if (bad !== undefined) throw new Hindrance(`a bare job ended as ${bad}`)
    if (rows.filter((row) => /^COMPLETED\|\d/.test(row)).length >= jobs) break
    pause(20)
  }
  return (performance.now() - begun) / 1000
}
