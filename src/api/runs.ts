import { listRuns, type ListedRun } from '../assets/run/runs.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkOptions, count } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `runs` may be told. */
export interface RunsOptions extends CallOptions {
  /** So many at most; default: 20. */
  readonly most?: number | undefined
}

/** The newest runs, newest first. */
export interface RunsOutcome extends Outcome {
  readonly runs: readonly ListedRun[]
}

/** Lists runs of assets, as `waybill runs`. Nothing is asked of a scheduler. */
export async function runs(dataset: OpenDataset, options: RunsOptions = {}): Promise<RunsOutcome> {
  checkOptions('runs', options, { ...callChecks, most: count })
  return call(dataset, options, async (context) =>
    Promise.resolve({ runs: listRuns(context, options.most ?? 20) }),
  )
}
