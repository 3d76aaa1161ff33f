import { relative } from 'node:path'
import type { EpochSeconds, JobToken } from '../contract/ids.ts'
import type { BatchScheduler, ProcessIdentity, Scheduler } from '../contract/scheduler.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { BranchesPlan } from '../dataset/make-branches.ts'
import type { MovePlan } from '../dataset/move-branch.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { JobRow } from '../ledger/job-row.ts'
import { endedTask, markersFolder } from '../launcher/markers.ts'
import type { InstalledFile } from '../process/install-files.ts'
import { taskOver, tasksFolder } from '../local/layout.ts'
import type { Evidence } from './evidence.ts'
import type { JobSpec } from './spec.ts'

/** A job as this room knows it. */
export type Job = JobRow<JobSpec, Evidence>

/** What is noted before commits go to where they are to stand: the branch that is checked out, or branches of their own. */
export type LandingPlan = MovePlan | BranchesPlan

/** The ledger as this room uses it. */
export type JobLedger = Ledger<JobSpec, Evidence, LandingPlan>

/** Something that a person may want to see while work goes on. Only the command line has words for it. */
export type Progress =
  | { readonly kind: 'fetching'; readonly files: number }
  | { readonly kind: 'copying'; readonly files: number; readonly bytes: number }
  | { readonly kind: 'copying-inputs' | 'bringing-back'; readonly files: number; readonly bytes: number }
  | { readonly kind: 'scheduling'; readonly done: number; readonly jobs: number }
  | { readonly kind: 'adding'; readonly files: number; readonly done: number }
  | {
      readonly kind: 'waiting-for-finish' | 'waiting-for-copies' | 'waiting-for-materialize'
      readonly holder: string
    }
  | { readonly kind: 'waiting-for-accounting'; readonly jobs: number }
  /** They were written on another machine, and are not seen here yet. */
  | { readonly kind: 'waiting-for-outputs'; readonly files: number; readonly fileSystem: string }
  /** Its answers have called for a rest: seconds until it may be asked. */
  | { readonly kind: 'waiting-for-slurm'; readonly seconds: number }
  /** Pieces of assets: how many of all are made, and names of what runs and of what waits for it. */
  | {
      readonly kind: 'materializing'
      readonly done: number
      readonly all: number
      readonly running: readonly string[]
      readonly waiting: readonly string[]
    }
  /** `run` waits, and the job has not begun. */
  | { readonly kind: 'waiting-for-start'; readonly job: string }
  | { readonly kind: 'done' }

/** All that the engine needs from outside. It never prints, and reads no clock, environment or randomness by itself. */
export interface Context {
  readonly dataset: Dataset
  readonly ledger: JobLedger
  readonly schedulers: { readonly slurm: BatchScheduler; readonly local: Scheduler }
  /** Real path of the directory the command was given in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly self: ProcessIdentity
  /** Waybill's own version, for records. */
  readonly version: string
  readonly now: () => EpochSeconds
  readonly sleep: (seconds: number) => Promise<void>
  readonly newToken: () => JobToken
  /** Puts the files there that start payloads of this user's jobs, once, and gives their folder. Throws what the file system says. */
  readonly payloadScripts: (files: () => readonly InstalledFile[]) => string
  readonly progress: (event: Progress) => void
  /** The lease that all is done under: where it is lost, nothing is submitted any more. */
  readonly lease?: string
  /** Work that Ctrl-C must not cut in two: an interrupted command ends when it is done. */
  readonly critical: <T>(work: () => Promise<T>) => Promise<T>
}

/** Which worktree of the repository this is, wherever it stands: empty for the main one, else `worktrees/<name>`. */
export function worktreePlace(context: Context): string {
  return relative(context.dataset.commonDir, context.dataset.gitDir)
}

/** The folder of a submission's own small files. */
export function jobFolder(context: Context, token: JobToken): string {
  return `${context.dataset.commonDir}/waybill/jobs/${token}`
}

/** Where a job that was launched has its payload's files: markers, messages, what it is told. */
export function payloadFolder(context: Context, token: JobToken): string {
  return `${jobFolder(context, token)}/payload`
}

/** Where a job that was launched leaves a file when one of its tasks is over, and which task a name tells of (null: none). */
export function endsOf(
  context: Context,
  { scheduler, token }: Pick<Job, 'scheduler' | 'token'>,
): { readonly folder: string; readonly taskOf: (name: string) => number | null } {
  return scheduler === 'local'
    ? { folder: tasksFolder(jobFolder(context, token)), taskOf: taskOver }
    : { folder: markersFolder(payloadFolder(context, token)), taskOf: endedTask }
}
