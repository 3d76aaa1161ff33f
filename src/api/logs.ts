import { printLog } from '../job/logs.ts'
import { call, type CallOptions } from './call.ts'
import { callback, callChecks, checkArgument, checkOptions, count, flag, text } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `logs` may be told, as the options of `waybill logs`. */
export interface LogsOptions extends CallOptions {
  /** Standard error instead, where that is another file. */
  readonly stderr?: boolean | undefined
  /** The task of an array. */
  readonly task?: number | undefined
  /** Go on until the job has ended. */
  readonly follow?: boolean | undefined
  /** Called with what stands in the log; what it gives says whether to go on. */
  readonly onText?: ((text: Buffer) => boolean) | undefined
}

/** Where a job's log lies. */
export interface LogsOutcome extends Outcome {
  /** Absolute; null where that is not known, or there is none. The file need not exist yet. */
  readonly path: string | null
}

/** Finds a job's log, and reads it for `onText`, as `waybill logs`. */
export async function logs(
  dataset: OpenDataset,
  job: string,
  options: LogsOptions = {},
): Promise<LogsOutcome> {
  checkArgument('logs', 'the job', job, text)
  checkOptions('logs', options, {
    ...callChecks,
    stderr: flag,
    task: count,
    follow: flag,
    onText: callback,
  })
  const { stderr = false, task = null, follow = false, onText = () => false } = options
  return call(dataset, options, async (context, report) => ({
    path: await printLog(context, { job, follow, stderr, task }, onText, report),
  }))
}
