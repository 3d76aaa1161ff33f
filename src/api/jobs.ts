import { listJobs, type ListedJob } from '../job/list.ts'
import { call, type CallOptions } from './call.ts'
import { callback, callChecks, checkOptions, type Check } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `jobs` may be told. */
export interface JobsOptions extends CallOptions {
  /** Seconds of age that a look at Slurm's queue may have, taken by whichever process of the user's; default: 0. */
  readonly maxAge?: number | undefined
  /** Told how many jobs are open, before they are looked at. */
  readonly onCount?: ((jobs: number) => void) | undefined
}

/** The open jobs; `results` is what recovery had to say. */
export interface JobsOutcome extends Outcome {
  readonly jobs: readonly ListedJob[]
  /** When Slurm was asked; null where it had not to be. Seconds since 1970. */
  readonly lookedAt: number | null
  /** When it may be asked again: until then the same look is shown. */
  readonly againAt: number | null
}

const seconds: Check = (value) =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value)
    ? null
    : 'a number of seconds that is not negative'

/** Looks at all open jobs of the repository, oldest first, as `waybill jobs`: one query, however many. */
export async function jobs(dataset: OpenDataset, options: JobsOptions = {}): Promise<JobsOutcome> {
  checkOptions('jobs', options, { ...callChecks, maxAge: seconds, onCount: callback })
  return call(dataset, options, async (context, report) => {
    const { jobs: listed, reports, look } = await listJobs(context, options.maxAge, options.onCount)
    for (const one of reports) report(one)
    return { jobs: listed, lookedAt: look?.at ?? null, againAt: look?.again ?? null }
  })
}
