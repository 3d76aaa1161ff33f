import { run as runJob } from '../job/run.ts'
import { call } from './call.ts'
import { callback, checkArgument, checkOptions, flag, texts } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'
import { scheduleChecks, scheduleRequest, type ScheduleOptions } from './schedule.ts'

/** What `run` may be told, as the options of `waybill run`: those of `schedule`, where outputs may be left out. */
export interface RunOptions extends ScheduleOptions {
  /** Without outputs it is refused, instead of recording all that changes. */
  readonly explicit?: boolean | undefined
  /** Record it also when the command fails. */
  readonly commitFailedJobs?: boolean | undefined
  /** Called with what the command writes, as it is. */
  readonly onText?: ((stream: 'stdout' | 'stderr', text: Buffer) => void) | undefined
}

/** Schedules a job, waits for its end and records it, as `waybill run`. `exitCode` is the command's own where that failed. */
export async function run(
  dataset: OpenDataset,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  checkArgument('run', 'the command', command, texts)
  checkOptions('run', options, {
    ...scheduleChecks,
    explicit: flag,
    commitFailedJobs: flag,
    onText: callback,
  })
  const { commitFailedJobs: commitFailed = false, explicit = false } = options
  const request = scheduleRequest(command, options)
  const { own, results, exitCode } = await call(dataset, options, async (context, report) => {
    const ran = await runJob(
      context,
      { ...request, whole: request.outputs.length === 0 && !explicit, commitFailed },
      report,
      {
        show: (stdout, stderr) => options.onOutput?.(stdout, stderr),
        output: (stream, text) => options.onText?.(stream, text),
        begun: (job) => options.onBegun?.(job),
      },
    )
    return { own: ran.exitCode }
  })
  return { results, exitCode: own === null || own === 0 ? exitCode : own }
}
