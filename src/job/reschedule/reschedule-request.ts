import type { Which } from '../schedule/request.ts'

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
}
