import type { Shown } from '../job/show.ts'
import { findShown, type ShownTask } from '../job/show-task.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, text } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** The record, or a task of one; null where there is none, and `results` says why. */
export interface ShowOutcome extends Outcome {
  readonly shown: Shown | ShownTask | null
}

/**
 * Finds the record of a job (`4711`, `w12`), a commit, or a file that it made; or one task of an array (`4711_3`, `HEAD:3`),
 * as `waybill show`.
 */
export async function show(
  dataset: OpenDataset,
  target = 'HEAD',
  options: CallOptions = {},
): Promise<ShowOutcome> {
  checkArgument('show', 'the target', target, text)
  checkOptions('show', options, callChecks)
  return call(dataset, options, async (context, report) => {
    const found = await findShown(context, target)
    if (!found.ok) report(found.failure)
    return { shown: found.ok ? found.value : null }
  })
}
