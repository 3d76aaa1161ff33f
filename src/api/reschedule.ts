import type { Which } from '../job/schedule/request.ts'
import { rescheduleFailedTasks } from '../job/arrays/failed-tasks.ts'
import { reschedule as run } from '../job/reschedule/reschedule.ts'
import type { AsAsset, RescheduleRequest } from '../job/reschedule/reschedule-request.ts'
import { call, type CallOptions } from './call.ts'
import {
  callback,
  callChecks,
  checkArgument,
  checkOptions,
  count,
  flag,
  oneOf,
  text,
  texts,
} from './check-options.ts'
import { fail } from '../contract/fallible.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'
import { WaybillError } from './waybill-error.ts'

/** What `reschedule` may be told, as the options of `waybill reschedule`. */
export interface RescheduleOptions extends CallOptions {
  /** All records after that commit, oldest first; '' means from the first commit on. Default: the one commit. */
  readonly since?: string | undefined
  /** Only say what would be run. */
  readonly report?: boolean | undefined
  readonly message?: string | undefined
  readonly withFailedJobs?: boolean | undefined
  readonly asRecorded?: boolean | undefined
  /** Run only those tasks of that array again that did not complete; the revision is not looked at. */
  readonly failedTasks?: string | undefined
  /** Words for sbatch that override the recorded ones. */
  readonly sbatchOptions?: readonly string[] | undefined
  readonly assumeReady?: Which | undefined
  readonly altDir?: string | undefined
  readonly keepAltDir?: boolean | undefined
  /** How many files git-annex may fetch at once; 0 and absent: its own choice. */
  readonly transfers?: number | undefined
  /** Write a script that runs the recorded commands instead: its absolute path, or `-` to give it to `onOutput`. */
  readonly script?: string | undefined
  /** Called with what sbatch printed, once a job. */
  readonly onOutput?: ((stdout: string, stderr: string) => void) | undefined
}

/** Submits the job of a record again, or some tasks of it (`HEAD:3-5,9`, `4711_3`), as `waybill reschedule`. */
export async function reschedule(
  dataset: OpenDataset,
  revision = 'HEAD',
  options: RescheduleOptions = {},
): Promise<Outcome> {
  checkArgument('reschedule', 'the revision', revision, text)
  checkOptions('reschedule', options, {
    ...callChecks,
    since: text,
    report: flag,
    message: text,
    withFailedJobs: flag,
    asRecorded: flag,
    failedTasks: text,
    sbatchOptions: texts,
    assumeReady: oneOf('inputs', 'outputs', 'both'),
    altDir: text,
    keepAltDir: flag,
    transfers: count,
    script: text,
    onOutput: callback,
  })
  return call(dataset, options, async (context, report) => {
    const request: RescheduleRequest = {
      revision,
      since: options.since ?? null,
      onlyReport: options.report ?? false,
      message: options.message ?? null,
      withFailedJobs: options.withFailedJobs ?? false,
      asRecorded: options.asRecorded ?? false,
      overrides: options.sbatchOptions ?? [],
      assumeReady: options.assumeReady ?? null,
      altDir: options.altDir ?? null,
      keepAltDir: options.keepAltDir ?? false,
      transfers: options.transfers === 0 ? null : (options.transfers ?? null),
      script: options.script ?? null,
      asAsset,
    }
    const show = options.onOutput ?? (() => {})
    if (options.failedTasks === undefined) await run(context, request, report, show)
    else await rescheduleFailedTasks(context, options.failedTasks, request, report, show)
    return {}
  })
}

const asAsset: AsAsset = async (context, asset, request) => {
  const { cwd, env } = context
  const [{ loadAssets }, { repeatAsAsset }] = await Promise.all([
    import('./load-assets.ts'),
    import('../assets/run/repeat.ts'),
  ])
  try {
    const { read } = await loadAssets('reschedule', cwd, { env, cwd }, { lookAtCluster: false })
    if (read.ok) return await repeatAsAsset(context, read.value, asset, request)
  } catch (error) {
    // There are none, or code that is not trusted.
    if (!(error instanceof WaybillError)) throw error
  }
  return fail({ kind: 'repeat-no-asset', asset: asset.name, keys: asset.keys, why: 'no-definitions' })
}
