import type { Bench, Side } from '../bench.ts'
import { cancelAll, heldJob, scheduleWords } from '../jobs.ts'
import { counted } from '../line.ts'
import { alternate, timed, type Contender } from '../measure.ts'
import { peakOf } from '../peak.ts'
import { someInput } from '../repository.ts'
import type { Row } from '../row.ts'

/** Schedules held jobs, each with an input that git has and an output of its own. */
function scheduling(
  bench: Bench,
  side: Side,
  repository: string,
  times: number,
  warm = bench.env,
): Contender {
  const run = (warmUp: boolean): number => {
    const job = { ...heldJob(bench.fresh('results/one')), inputs: [someInput] }
    return timed(scheduleWords(side, job), { cwd: repository, env: warmUp ? warm : bench.env })
  }
  return { times, run }
}

function bareSbatch(bench: Bench, cwd: string, ...options: readonly string[]): Contender {
  const words = ['sbatch', '--hold', ...options, '-o', '/dev/null', 'job.sh', 'results/bare']
  return { times: bench.sizes.cheap, run: () => timed(words, { cwd, env: bench.env }) }
}

/** One job, side by side. */
export const scheduleOne: Row = {
  name: 'schedule-one',
  about: 'schedule one job',
  run: async (bench) => {
    const { files, cheap } = bench.sizes
    const ours = bench.shared(files[0])
    const theirs = bench.shared(files[0], bench.peer)
    const peak = peakOf(bench)
    const [[waybill = Number.NaN], [peer], [bare]] = await alternate(
      scheduling(bench, bench.waybill, ours, cheap, peak.env),
      scheduling(bench, bench.peer, theirs, cheap),
      bareSbatch(bench, ours),
    )
    const work = `schedule one job, ${counted(files[0])} files in the repository`
    const bar = { bar: '≤ 0.08 s', met: waybill <= 0.08 }
    return { lines: [{ work, ...bar, waybill, floor: [bare, '`sbatch`'], peer, peak: peak.mebibytes() }] }
  },
}

/** One job in large repositories, beside the same in the small one. */
export const scheduleLarge: Row = {
  name: 'schedule-large',
  about: 'schedule one job in large repositories',
  run: async (bench) => {
    const { files, cheap, dear } = bench.sizes
    const [small, large, largest] = files
    const ours = files.map((count) => bench.shared(count))
    const theirs = bench.shared(large, bench.peer)
    const peaks = files.map(() => peakOf(bench))
    const [one = '', two = '', three = ''] = ours
    const [[base = Number.NaN], [inLarge = Number.NaN], [inLargest = Number.NaN], [peer], [bare]] =
      await alternate(
        scheduling(bench, bench.waybill, one, cheap),
        scheduling(bench, bench.waybill, two, cheap, peaks[1]?.env),
        scheduling(bench, bench.waybill, three, cheap, peaks[2]?.env),
        scheduling(bench, bench.peer, theirs, dear),
        bareSbatch(bench, one),
      )
    const line = (count: number, waybill: number) => ({
      work: `schedule one job, ${counted(count)} files`,
      bar: `≤ 1.15 × that of ${counted(small)} files (here ${(waybill / base).toFixed(2)} × ${base.toFixed(3)} s)`,
      met: waybill <= 1.15 * base,
      waybill,
      floor: [bare, '`sbatch`'] as const,
    })
    return {
      lines: [
        { ...line(large, inLarge), peer, peak: peaks[1]?.mebibytes() },
        { ...line(largest, inLargest), peak: peaks[2]?.mebibytes() },
      ],
    }
  },
}

/** A large array, beside one job. */
export const scheduleArray: Row = {
  name: 'schedule-array',
  about: 'schedule an array',
  run: async (bench) => {
    const { files, cheap, tasks } = bench.sizes
    const ours = bench.shared(files[0])
    const peak = peakOf(bench)
    const indices = `--array=0-${tasks - 1}`
    const array = (warmUp: boolean): number => {
      const output = bench.fresh('results/array')
      const command = ['sbatch', '--hold', indices, '-o', '/dev/null', 'job.sh', output]
      const words = scheduleWords(bench.waybill, { command, outputs: [output], inputs: [someInput] })
      const seconds = timed(words, { cwd: ours, env: warmUp ? peak.env : bench.env })
      cancelAll(bench.env)
      return seconds
    }
    const [[waybill = Number.NaN], [one = Number.NaN], [bare]] = await alternate(
      { times: cheap, run: array },
      scheduling(bench, bench.waybill, ours, cheap),
      bareSbatch(bench, ours, indices),
    )
    const work = `schedule an array of ${counted(tasks)} tasks`
    const bar = `≤ 1.1 × one job (here ${(waybill / one).toFixed(2)} × ${one.toFixed(3)} s)`
    const floor = [bare, '`sbatch --array`'] as const
    return { lines: [{ work, bar, met: waybill <= 1.1 * one, waybill, floor, peak: peak.mebibytes() }] }
  },
}
