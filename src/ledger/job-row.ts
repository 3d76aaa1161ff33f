import type { CommitId, EpochSeconds, JobId, JobToken, SchedulerJobId } from '../contract/ids.ts'
import type { HeldBack, Member, ProcessIdentity, QueueWish } from '../contract/scheduler.ts'

/** A job's place in its life (see the state diagram in docs/architecture.md). The first six are open. */
export type JobState =
  'intended' | 'submitted' | 'pending' | 'running' | 'ended' | 'unknown' | 'recorded' | 'closed' | 'refused'

/** Who was carrying out a submission, so that recovery knows whether it still is. */
export interface Submitter {
  readonly waybill: ProcessIdentity
  /** The small shell that runs sbatch; null until it waits for its word. */
  readonly shell: ProcessIdentity | null
}

/**
 * A job as the ledger holds it. `Spec` is what was asked at submission and never changes; `Observed` is the newest
 * evidence about it. Both are JSON whose shape belongs to the room above.
 */
export interface JobRow<Spec, Observed> {
  readonly id: JobId
  readonly token: JobToken
  readonly state: JobState
  readonly scheduler: 'slurm' | 'local'
  readonly schedulerId: SchedulerJobId | null
  readonly cluster: string | null
  readonly createdAt: EpochSeconds
  readonly submittedAt: EpochSeconds | null
  readonly endedAt: EpochSeconds | null
  readonly user: string
  /** Real path of the worktree's root, and the full name of its branch at submission. */
  readonly worktree: string
  readonly branch: string
  readonly submitter: Submitter | null
  readonly spec: Spec
  readonly observed: Observed | null
  readonly commit: CommitId | null
  /** The scheduler's jobs of a command that submitted several, in order; empty where `schedulerId` is all. */
  readonly members: readonly Member[]
  /** Tasks of an array that are recorded already while the job is open. */
  readonly recorded: readonly RecordedTasks[]
  /** Of a job that waits here to be submitted, what is to be said to its scheduler and what it waits for; else null. */
  readonly held: Held | null
}

/** A submission that has to wait until a limit of the site has room for it. */
export interface Held {
  /** The words to run. */
  readonly words: readonly string[]
  readonly wish: QueueWish
  readonly why: HeldBack
  /** When it was last tried to release it. */
  readonly tried: EpochSeconds
}

/** Tasks that have a record of their own. */
export interface RecordedTasks {
  /** `0-97,99` */
  readonly tasks: string
  readonly commit: CommitId
}

/** What a job has before its number and state are given. */
export type NewJob<Spec> = Pick<
  JobRow<Spec, never>,
  'token' | 'scheduler' | 'createdAt' | 'user' | 'worktree' | 'branch' | 'submitter' | 'spec'
> & {
  /** The open job whose place it is to take, or null. */
  readonly replaces: JobId | null
  /** The run of assets that asked for it, or null. */
  readonly run: string | null
}

/** What may change in a job's row; absent keys stay as they are. */
export type JobChange<Observed> = Partial<
  Pick<
    JobRow<never, Observed>,
    | 'state'
    | 'schedulerId'
    | 'cluster'
    | 'submittedAt'
    | 'endedAt'
    | 'submitter'
    | 'observed'
    | 'commit'
    | 'members'
    | 'recorded'
    | 'held'
  >
>
