import { batchInput, cancelAll, forgetJobs, heldJob, scheduleAll } from '../jobs.ts'
import { counted, duration } from '../line.ts'
import { alternate, timed } from '../measure.ts'
import { peakOf } from '../peak.ts'
import type { Row } from '../row.ts'
import { traced } from '../trace.ts'

const sbatchLoop =
  'i=0; while [ "$i" -lt "$1" ]; do sbatch --hold -o /dev/null job.sh "out/$i" || exit; i=$((i + 1)); done'

/** Many jobs by one command, beside as many calls of sbatch. */
export const scheduleBatch: Row = {
  name: 'schedule-batch',
  about: 'schedule many jobs by one command',
  run: async (bench) => {
    const { files, dear, batch } = bench.sizes
    const ours = bench.shared(files[0])
    const peak = peakOf(bench)
    const place = { cwd: ours, env: bench.env }
    const submit = (warmUp: boolean): number => {
      const jobs = Array.from({ length: batch }, () => heldJob(bench.fresh('results/batch')))
      const words = [...bench.waybill.words, 'schedule', '--batch', '-']
      const seconds = timed(words, { cwd: ours, env: warmUp ? peak.env : bench.env }, batchInput(jobs))
      cancelAll(bench.env)
      forgetJobs(ours)
      return seconds
    }
    const bare = (): number => {
      const seconds = timed(['sh', '-c', sbatchLoop, 'sh', String(batch)], place)
      cancelAll(bench.env)
      return seconds
    }
    const [[waybill = Number.NaN], [floor = Number.NaN]] = await alternate(
      { times: dear, run: submit },
      { times: dear, run: bare },
    )
    const more = (waybill - floor) / batch
    return {
      lines: [
        {
          work: `schedule --batch, ${counted(batch)} jobs`,
          bar: `≤ 4 ms a job above sbatch (here ${duration(Math.max(more, 0))})`,
          met: more <= 0.004,
          waybill,
          floor: [floor, '`sbatch` as often, by a shell'],
          peak: peak.mebibytes(),
        },
      ],
    }
  },
}

/** The list of many open jobs, and how often the scheduler is asked for it. */
export const listMany: Row = {
  name: 'list',
  about: 'list many open jobs',
  run: async (bench) => {
    const { files, cheap, listed } = bench.sizes
    const ours = bench.shared(files[0])
    const place = { cwd: ours, env: bench.env }
    const peak = peakOf(bench)
    const words = [...bench.waybill.words, 'jobs']
    bench.say(`  scheduling ${counted(listed)} jobs`)
    const jobs = Array.from({ length: listed }, () => heldJob(bench.fresh('results/list')))
    scheduleAll(bench.waybill, jobs, place)
    const [[waybill = Number.NaN], [bare]] = await alternate(
      { times: cheap, run: (warmUp) => timed(words, { cwd: ours, env: warmUp ? peak.env : bench.env }) },
      { times: cheap, run: () => timed(['squeue', '--me'], place) },
    )
    const asked = traced(words, place, bench.folder).programs.filter((name) =>
      /^(s(queue|acct)|scontrol)$/.test(name),
    )
    return {
      lines: [
        {
          work: `list ${counted(listed)} open jobs`,
          bar: `≤ 0.12 s, one scheduler query (here ${asked.join(', ') || 'none'})`,
          met: waybill <= 0.12 && asked.length === 1,
          waybill,
          floor: [bare, '`squeue --me`'],
          peak: peak.mebibytes(),
        },
      ],
    }
  },
}
