import { finish as run } from '../job/finish/finish.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, flag, oneOf, text, texts } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `finish` may be told, as the options of `waybill finish`. */
export interface FinishOptions extends CallOptions {
  readonly message?: string | undefined
  /** Your word on how jobs ended that no witness can tell about; jobs must be named. */
  readonly assume?: 'completed' | 'failed' | undefined
  /** What becomes of failed jobs. Default: they are kept open. */
  readonly failedJobs?: 'keep' | 'close' | 'commit' | undefined
  /** Only jobs that were submitted at that commit or after it. */
  readonly since?: string | undefined
  /** Record these too, of the one job that is named. */
  readonly outputs?: readonly string[] | undefined
  readonly completedTasks?: boolean | undefined
  /** Where the commits go. Default: one upon the other, to the branch. */
  readonly landing?: 'branch' | 'branches' | 'octopus' | undefined
}

/** Records the jobs that have ended, as `waybill finish`: those named (`4711`, `w12`), or all open ones. */
export async function finish(
  dataset: OpenDataset,
  jobs: readonly string[] = [],
  options: FinishOptions = {},
): Promise<Outcome> {
  checkArgument('finish', 'the jobs', jobs, texts)
  checkOptions('finish', options, {
    ...callChecks,
    message: text,
    assume: oneOf('completed', 'failed'),
    failedJobs: oneOf('keep', 'close', 'commit'),
    since: text,
    outputs: texts,
    completedTasks: flag,
    landing: oneOf('branch', 'branches', 'octopus'),
  })
  return call(dataset, options, async (context, report) => {
    await run(
      context,
      {
        jobs,
        message: options.message ?? null,
        assume: options.assume ?? null,
        failedJobs: options.failedJobs ?? 'keep',
        since: options.since ?? null,
        outputs: options.outputs ?? [],
        completedTasks: options.completedTasks ?? false,
        landing: options.landing ?? 'branch',
      },
      report,
    )
    return {}
  })
}
