import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { arch, cpus, platform, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { demand, runTool } from '../setup/command.ts'
import { installPeers } from '../setup/peers.ts'
import { copied, runOne, thereAndBack } from './other-ways.ts'
import { startTable } from './start.ts'
import { alternate, endedJobs, makeRepository, timed, type Side } from './work.ts'

const checkout = join(import.meta.dirname, '..', '..')

/** One line of the table: what was done, how often, and the median seconds of each side (null: not measured). */
interface Measured {
  readonly work: string
  readonly bar: string
  readonly waybill: number
  readonly peer: number | null
  readonly bare: number | null
}

// Whole processes, side by side on one Slurm (SLURM_CONF, or the development cluster's), medians.
await runTool(() => {
  const slurm = process.env['SLURM_CONF'] ?? '/tmp/waybill-cluster/default/etc/slurm.conf'
  if (!existsSync(slurm)) throw new Error(`no Slurm at ${slurm}: npm run cluster -- up`)
  const peers = installPeers((line) => process.stderr.write(`${line}\n`))
  const env = { ...process.env, SLURM_CONF: slurm, PATH: `${peers}:${process.env['PATH'] ?? ''}` }
  const folder = mkdtempSync(join(tmpdir(), 'waybill-bench-'))
  const waybill: Side = { words: [process.execPath, join(checkout, 'dist/waybill.cjs')], prefix: '' }
  const peer: Side = { words: [join(peers, 'datalad'), '-l', 'error'], prefix: 'slurm-' }
  try {
    process.stdout.write(`${table(measureAll(folder, env, waybill, peer)).join('\n')}\n`)
    process.stdout.write(`\n${startTable(join(checkout, 'dist'), join(folder, 'start'), env).join('\n')}\n`)
    return 0
  } finally {
    demand('scancel', ['--me'], { env })
    rmSync(folder, { recursive: true, force: true })
  }
})

function measureAll(folder: string, env: NodeJS.ProcessEnv, waybill: Side, peer: Side): readonly Measured[] {
  const note = (text: string): void => void process.stderr.write(`${text}\n`)
  const ours = makeRepository(join(folder, 'ours'), env, 1000)
  const theirs = makeRepository(join(folder, 'theirs'), env, 1000)
  const held = ['sbatch', '--hold', '-o', '/dev/null', 'job.sh']
  let next = 0
  const schedule = (side: Side, cwd: string, words: readonly string[]): number =>
    timed([...side.words, `${side.prefix}schedule`, '-o', `results/${next++}`, ...words], { cwd, env })

  note('schedule one job')
  const one = alternate(11, [
    () => schedule(waybill, ours, held),
    () => schedule(peer, theirs, ['sbatch', '--hold', '-o', 'log.%j', 'job.sh']),
    () => timed(held, { cwd: ours, env }),
  ])
  note('schedule an array of 1,000')
  // Cancelled at once: a controller holds ten thousand jobs by default.
  const cancelled = (work: () => number): number => {
    const seconds = work()
    demand('scancel', ['--me'], { env })
    return seconds
  }
  const bareArray = ['sbatch', '--hold', '--array=0-999', '-o', '/dev/null', 'job.sh']
  const array = alternate(5, [
    () => cancelled(() => schedule(waybill, ours, bareArray)),
    () => cancelled(() => timed(bareArray, { cwd: ours, env })),
  ])
  note('list 100 open jobs')
  for (let i = 0; i < 100; i++) schedule(waybill, ours, held)
  const list = alternate(9, [
    () => timed([...waybill.words, 'jobs'], { cwd: ours, env }),
    () => timed(['squeue', '--me'], { cwd: ours, env }),
  ])
  demand('scancel', ['--me'], { env })
  note('finish 5 jobs of 4 small files')
  const done = alternate(5, [
    () => endedJobs(waybill, join(folder, `f-ours-${next++}`), env, 5),
    () => endedJobs(peer, join(folder, `f-theirs-${next++}`), env, 5),
  ])
  note('finish 5 jobs by one merge')
  const merged = alternate(3, [
    () => endedJobs(waybill, join(folder, `o-ours-${next++}`), env, 5, ['--octopus']),
    () => endedJobs(peer, join(folder, `o-theirs-${next++}`), env, 5, ['--octopus']),
  ])
  note('run a command in the foreground')
  const run = alternate(7, [
    () => runOne(waybill, ours, env, next++),
    () => runOne(peer, theirs, env, next++),
  ])
  note('schedule and finish in another directory')
  const size = 1 << 28
  const elsewhere = alternate(3, [
    () => thereAndBack(waybill, join(folder, `a-ours-${next++}`), env, size),
    () => copied(folder, env, size),
  ])
  return [
    row('schedule one job, 1,000 files in the repository', '≤ 0.12 s', one[0], one[1], one[2]),
    row('schedule an array of 1,000 tasks', '≤ 0.3 s', array[0], null, array[1]),
    row('list more than 100 open jobs', '≤ 0.25 s', list[0], null, list[1]),
    row('finish 5 jobs × 4 small files', '–', done[0], done[1], null),
    row('the same, `--octopus`', '–', merged[0], merged[1], null),
    row('run a command that writes one line (DataLad: `run --explicit`)', '–', run[0], run[1], null),
    row(
      '`--alt-dir`: schedule and finish, 256 MiB in and out (bare: `cp` of both)',
      '–',
      elsewhere[0],
      null,
      elsewhere[1],
    ),
  ]
}

function row(
  work: string,
  bar: string,
  waybill = 0,
  peer: number | null = null,
  bare: number | null = null,
): Measured {
  return { work, bar, waybill, peer, bare }
}

function table(rows: readonly Measured[]): readonly string[] {
  const s = (seconds: number | null): string => (seconds === null ? '–' : `${seconds.toFixed(3)} s`)
  const ratio = (one: Measured): string =>
    one.peer === null ? '–' : `${(one.peer / one.waybill).toFixed(1)} ×`
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? ''}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}, Node ${process.versions.node}`,
    '',
    '| work | bar | Waybill | datalad-slurm 0.2.8 / DataLad 1.7.1 | it takes | bare |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      (one) =>
        `| ${one.work} | ${one.bar} | ${s(one.waybill)} | ${s(one.peer)} | ${ratio(one)} | ${s(one.bare)} |`,
    ),
  ]
}
