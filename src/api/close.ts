import { close as run } from '../job/close.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, flag, texts } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `close` may be told, as the options of `waybill close`. */
export interface CloseOptions extends CallOptions {
  /** Also jobs that still wait or run. */
  readonly force?: boolean | undefined
}

/** Gives jobs up without recording them, as `waybill close`. */
export async function close(
  dataset: OpenDataset,
  jobs: readonly string[],
  options: CloseOptions = {},
): Promise<Outcome> {
  checkArgument('close', 'the jobs', jobs, texts)
  checkOptions('close', options, { ...callChecks, force: flag })
  return call(dataset, options, async (context, report) => {
    await run(context, { jobs, force: options.force ?? false }, report)
    return {}
  })
}
