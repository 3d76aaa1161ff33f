import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { demand } from '../../setup/command.ts'
import type { Bench, Side } from '../bench.ts'
import { accounted, scheduleWords } from '../jobs.ts'
import type { Line } from '../line.ts'
import { alternate, timed, type Contender } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { makeRepository, removeFolders } from '../repository.ts'
import type { Row } from '../row.ts'

const names = ['0.bin', '1.bin', '2.bin', '3.bin']

// A repository with four annexed inputs of so many bytes.
function withInputs(bench: Bench, side: Side, bytes: number): string {
  const repository = makeRepository(join(bench.folder, bench.fresh(`alt-${side.name}`)), bench.env, 100)
  const place = { cwd: repository, env: bench.env }
  mkdirSync(join(repository, 'in'))
  const script = 'for name; do head -c "$0" /dev/urandom >"in/$name" || exit; done'
  demand('sh', ['-c', script, String(bytes), ...names], place)
  demand('git', ['annex', 'add', '-q', 'in'], place)
  demand('git', ['commit', '-q', '-m', 'Inputs'], place)
  return repository
}

/** Seconds of schedule and finish of a job that reads the four files and writes as many as large. */
function jobThere(
  bench: Bench,
  side: Side,
  repository: string,
  times: number,
  { there, warmEnv = bench.env }: { readonly there?: string; readonly warmEnv?: NodeJS.ProcessEnv },
): Contender {
  const run = async (warmUp: boolean): Promise<number> => {
    const place = { cwd: repository, env: warmUp ? warmEnv : bench.env }
    const output = bench.fresh('out')
    // Contents that are new, or git-annex would have them already. Braces would be placeholders.
    const work = `mkdir -p ${output}; for name in ${names.join(' ')}; do (echo ${output}; cat in/$name) >${output}/$name; done`
    const command = ['sbatch', '-J', output, '-o', `${output}.%j`, '--wrap', work]
    const inputs = names.map((name) => `in/${name}`)
    const words = scheduleWords(side, { command, inputs, outputs: [output] })
    const at = side.words.length + 1
    demand('sync', [])
    const scheduled = timed(
      there === undefined ? words : [...words.slice(0, at), '--alt-dir', there, ...words.slice(at)],
      place,
    )
    await accounted(place, output, 1)
    demand('sync', [])
    const finished = timed([...side.words, `${side.prefix}finish`], place)
    demand('git', ['annex', 'drop', '--force', '-q', output], place)
    if (there !== undefined) removeFolders(join(there, output))
    return scheduled + finished
  }
  return { times, run }
}

// cp of four such files to another folder, and of four others back.
function copied(bench: Bench, repository: string, times: number): Contender {
  const run = (): number => {
    const to = join(bench.folder, bench.fresh('cp'))
    mkdirSync(join(to, 'back'), { recursive: true })
    demand('sync', [])
    const place = { cwd: repository, env: bench.env }
    const there = timed(['cp', '-L', ...names.map((name) => `in/${name}`), to], place)
    demand('sync', [])
    const back = timed(['cp', ...names.map((name) => join(to, name)), join(to, 'back')], place)
    removeFolders(to)
    return there + back
  }
  return { times, run }
}

async function measure(bench: Bench, bytes: number): Promise<Line> {
  const { dear, dearest, peer } = bench.sizes
  const large = bytes > 1e8
  const times = large ? dearest : dear
  const peerTimes = large ? peer : dear
  const size = bytes >= 1e9 ? `${bytes / 1e9} GB` : bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} kB`
  bench.say(`  files of ${size}`)
  const [ours, theirs] = [bench.waybill, bench.peer].map((side) => withInputs(bench, side, bytes))
  const there = join(bench.folder, bench.fresh('there'))
  const theirThere = join(bench.folder, bench.fresh('there'))
  for (const folder of [there, theirThere]) mkdirSync(folder)
  if (ours === undefined || theirs === undefined) throw new Error('two sides make two')
  const peak = peakOf(bench)
  const [[waybill = Number.NaN], [plain = Number.NaN], [copy = Number.NaN], [theirSeconds]] = await alternate(
    jobThere(bench, bench.waybill, ours, times, { there, warmEnv: peak.env }),
    { ...jobThere(bench, bench.waybill, ours, times, {}), warmUp: !large },
    { ...copied(bench, ours, times), warmUp: !large },
    { ...jobThere(bench, bench.peer, theirs, peerTimes, { there: theirThere }), warmUp: !large },
  )
  removeFolders(ours, theirs, there, theirThere)
  const most = 1.2 * copy + plain
  return {
    work: `--alt-dir: schedule and finish one job, 4 files of ${size} in and out`,
    bar: `≤ 1.2 × cp + the same without --alt-dir (here ${most.toFixed(2)} s, of which ${plain.toFixed(2)} s without)`,
    met: waybill <= most,
    waybill,
    floor: [copy, '`cp` there and back'],
    peer: theirSeconds,
    peak: peak.mebibytes(),
  }
}

/** Jobs in another directory, a row for each size of their files. */
export const altDir: readonly Row[] = ['small', 'medium', 'large'].map((name, index) => ({
  name: `alt-dir-${name}`,
  about: `schedule and finish a job in another directory, ${name} files`,
  run: async (bench) => ({ lines: [await measure(bench, bench.sizes.altDir[index] ?? 0)] }),
}))
