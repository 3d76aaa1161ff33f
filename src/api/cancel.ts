import { cancel as run } from '../job/cancel.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, texts } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** Asks the scheduler to end jobs, as `waybill cancel`. They stay open until `finish` or `close`. */
export async function cancel(
  dataset: OpenDataset,
  jobs: readonly string[],
  options: CallOptions = {},
): Promise<Outcome> {
  checkArgument('cancel', 'the jobs', jobs, texts)
  checkOptions('cancel', options, callChecks)
  return call(dataset, options, async (context, report) => {
    await run(context, jobs, report)
    return {}
  })
}
