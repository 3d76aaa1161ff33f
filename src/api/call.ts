import type { Context } from '../job/context.ts'
import type { Report } from '../job/report.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import { contextOf, type OpenDataset } from './open-dataset.ts'
import { progressWords } from './progress.ts'
import { toResult, type Outcome, type Result } from './result.ts'
import { withWords } from './waybill-error.ts'

/** Options that every function takes. */
export interface CallOptions {
  /** Called for each result as it comes. */
  readonly onResult?: ((result: Result) => void) | undefined
  /** Called with a line for people that replaces the one before; null: there is nothing to show any more. */
  readonly onProgress?: ((line: string | null) => void) | undefined
  /** False: `results` at the end is empty, and `onResult` has had them all. Default: true. */
  readonly keepResults?: boolean | undefined
}

/** Does one piece of work on a dataset and gathers its results; what the work itself gives stands beside them. */
export async function call<More extends object>(
  dataset: OpenDataset,
  options: CallOptions,
  work: (context: Context, report: (report: Report) => void) => Promise<More>,
): Promise<Outcome & More> {
  const opened = contextOf(dataset)
  const { onResult, onProgress } = options
  const progress: Context['progress'] =
    onProgress === undefined ? () => {} : (event) => onProgress(progressWords(event))
  const results: Result[] = []
  let worst: number = exitCode.ok
  const more = await withWords(async () =>
    work({ ...opened, progress }, (report) => {
      const result = toResult(report)
      // What payloads say may be more than there is room for.
      if (options.keepResults !== false && report.action !== 'message') results.push(result)
      worst = Math.max(worst, exitCodeOf([result]))
      onResult?.(result)
    }),
  )
  return { results, exitCode: worst, ...more }
}
