import { findRecord, type Shown } from '../job/show.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, text } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** The record; null where there is none, and `results` says why. */
export interface ShowOutcome extends Outcome {
  readonly shown: Shown | null
}

/** Finds the record of a job (`4711`, `w12`), a commit, or a file that it made, as `waybill show`. */
export async function show(
  dataset: OpenDataset,
  target = 'HEAD',
  options: CallOptions = {},
): Promise<ShowOutcome> {
  checkArgument('show', 'the target', target, text)
  checkOptions('show', options, callChecks)
  return call(dataset, options, async (context, report) => {
    const found = await findRecord(context, target)
    if (!found.ok) report(found.failure)
    return { shown: found.ok ? found.value : null }
  })
}
