import { listJobs, type ListedJob } from '../job/list.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkOptions } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** The open jobs; `results` is what recovery had to say. */
export interface JobsOutcome extends Outcome {
  readonly jobs: readonly ListedJob[]
}

/** Looks at all open jobs of the repository, oldest first, as `waybill jobs`: one query, however many. */
export async function jobs(dataset: OpenDataset, options: CallOptions = {}): Promise<JobsOutcome> {
  checkOptions('jobs', options, callChecks)
  return call(dataset, options, async (context, report) => {
    const listed = await listJobs(context)
    for (const one of listed.reports) report(one)
    return { jobs: listed.jobs }
  })
}
