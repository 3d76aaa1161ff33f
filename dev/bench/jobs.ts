import { globSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, Hindrance, until } from '../setup/command.ts'
import type { Bench, Side } from './bench.ts'
import { succeed, timed, type Place } from './measure.ts'

/** A job to be submitted. */
export interface Wish {
  readonly command: readonly string[]
  readonly inputs?: readonly string[]
  readonly outputs: readonly string[]
}

/** The words of a side's command that schedules a job. */
export function scheduleWords(side: Side, { command, inputs = [], outputs }: Wish): readonly string[] {
  const paths = [...inputs.flatMap((path) => ['-i', path]), ...outputs.flatMap((path) => ['-o', path])]
  return [...side.words, `${side.prefix}schedule`, ...paths, ...command]
}

/** A held job that writes nothing, with an output of its own. */
export function heldJob(output: string): Wish {
  return { command: ['sbatch', '--hold', '-o', '/dev/null', 'job.sh', output], outputs: [output] }
}

/** The input of `waybill schedule --batch`: one object a line. */
export function batchInput(wishes: readonly Wish[]): string {
  return wishes.map((wish) => `${JSON.stringify(wish)}\n`).join('')
}

/** Schedules many jobs, whatever it takes: as a batch where the side can. */
export function scheduleAll(side: Side, wishes: readonly Wish[], place: Place): void {
  if (
    side.name === 'waybill' &&
    attempt(side.words[0] ?? '', [...side.words.slice(1), 'schedule', '--help'], place).stdout.includes(
      '--batch',
    )
  )
    succeed([...side.words, 'schedule', '--batch', '-'], place, batchInput(wishes))
  else for (const wish of wishes) timed(scheduleWords(side, wish), place)
}

/** Schedules jobs of four small files and a log each below out/, and waits until they are over. */
export async function endedJobs(bench: Bench, side: Side, repository: string, jobs: number): Promise<void> {
  const place = { cwd: repository, env: bench.env }
  const name = bench.fresh('job')
  const wishes = Array.from({ length: jobs }, (_, index): Wish => {
    const output = `out/${index}`
    // Slurm makes no folder for a log.
    mkdirSync(join(repository, output), { recursive: true })
    return { command: ['sbatch', '-J', name, '-o', `${output}/log.%j`, 'job.sh', output], outputs: [output] }
  })
  scheduleAll(side, wishes, place)
  await accounted(place, name, jobs)
}

/** Waits until all jobs or tasks of this name are over, and accounting knows it. */
export async function accounted(place: Place, name: string, tasks: number): Promise<void> {
  // It waits for the end of all others of its name, without asking for it again and again.
  const last = ['sbatch', '--wait', '--dependency=singleton', '-J', name, '-o', '/dev/null', '--wrap', 'true']
  succeed(last, place)
  const query = ['-n', '-P', '-X', '-S', 'now-1days', '--name', name, '-o', 'State,End']
  await until(`accounting knows the end of ${tasks} tasks`, 300_000, () => {
    const rows = attempt('sacct', query, place)
      .stdout.split('\n')
      .filter((row) => row !== '')
    if (rows.length < tasks + 1 || rows.some((row) => /^(PENDING|RUNNING|REQUEUED)|Unknown$/.test(row)))
      return undefined
    const bad = rows.find((row) => !row.startsWith('COMPLETED'))
    if (bad !== undefined) throw new Hindrance(`a job of the benchmark ended as ${bad}`)
    return true
  })
}

/** Takes all jobs of ours from the queue. */
export function cancelAll(env: NodeJS.ProcessEnv): void {
  attempt('scancel', ['--me'], { env })
}

/** Makes both sides forget the open jobs of a repository: closing thousands one by one is no part of the benchmark. */
export function forgetJobs(repository: string): void {
  for (const path of ['waybill', ...globSync('*.db*', { cwd: join(repository, '.git') })])
    rmSync(join(repository, '.git', path), { recursive: true, force: true })
}
