import type { Fallible } from '../../contract/fallible.ts'
import type { AssetFacts } from '../asset-facts.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Repeat, ScheduleRequest, Which } from '../schedule/request.ts'

/** A record's request. */
export type Repeating = ScheduleRequest & { readonly repeat: Repeat }

/**
 * Turns the request that repeats an asset's record into one that makes this asset as it is defined now, or tells why it is
 * none. `context.cwd` is the record's directory.
 */
export type AsAsset = (
  context: Context,
  asset: AssetFacts,
  request: Repeating,
) => Promise<Fallible<Repeating, Note>>

/** What `reschedule` is asked to do. */
export interface RescheduleRequest {
  /** A commit, or without `since` a job that is recorded, or tasks of one of them (`HEAD:3-5,9`). */
  readonly revision: string
  /** Null: that one commit. Empty: from the first commit on. */
  readonly since: string | null
  readonly onlyReport: boolean
  readonly message: string | null
  /** Also records of jobs that did not complete. */
  readonly withFailedJobs: boolean
  /** Put the recorded script and inputs into place first. */
  readonly asRecorded: boolean
  /** Words for sbatch that override the recorded ones. */
  readonly overrides: readonly string[]
  readonly assumeReady: Which | null
  readonly altDir: string | null
  readonly keepAltDir: boolean
  readonly transfers: number | null
  /** Write a script that runs the commands instead: its absolute path, or `-` for standard output. */
  readonly script: string | null
  readonly asAsset: AsAsset
}
