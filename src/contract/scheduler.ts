import type { EpochSeconds, JobToken, SchedulerJobId } from './ids.ts'
import type { JobFacts } from './job-facts.ts'

/** Who a process is, so that a fact about it says nothing on another host or after a reboot. */
export interface ProcessIdentity {
  readonly host: string
  readonly boot: string
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks since boot at which it started. */
  readonly start: string
}

/** What a machine has, or a task of a job takes of it. */
export interface Capacity {
  readonly cpus: number
  /** Bytes; of a task 0: nobody said how much. */
  readonly memory: number
  readonly gpus: number
}

/** What a submission needs. All paths are absolute. */
export interface SubmitRequest {
  readonly token: JobToken
  /** The name people see (`w12`); the embedded scheduler uses it as its job id. */
  readonly name: string
  /** The user's words after placeholders were filled in; never a shell string. */
  readonly words: readonly string[]
  /**
   * The first word is a file of shell, and the others its parameters: where a shell starts the command anyway it reads that
   * itself, which spares a program.
   */
  readonly isShellFile?: boolean
  /** The real directory the command starts in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** A file whose content is the command's standard input (a script typed into sbatch), or null. */
  readonly stdinFile: string | null
  /** An existing folder of this submission's own (0700), for the scheduler's small files: witnesses that outlive us. */
  readonly folder: string
  /** The words are no sbatch command, but call sbatch themselves, perhaps several times. */
  readonly submitsItself?: boolean
  /** An array wish of our own (`--array 0-9`), for schedulers whose command has no such option; else null. */
  readonly array: string | null
  /** Keep standard error in a file of its own, where the scheduler and not the command decides about files. */
  readonly stderrApart?: boolean
  /** What each task takes of the machine, where the scheduler and not the command decides about that; absent: one CPU. */
  readonly weight?: Capacity
}

/** One of the jobs of a command that submits by itself. */
export interface Member {
  readonly id: SchedulerJobId
  readonly cluster: string | null
  /** The moment before it was submitted, as well as that is known. */
  readonly submittedAt: EpochSeconds
  /** The indices of an array (`0-9`), or null. */
  readonly array: string | null
  /** How many components a heterogeneous job has; 1 for any other. */
  readonly components: number
  /** Where it writes its logs, as file name patterns of sbatch's: absolute, or null for the default below `workDir`. */
  readonly stdout: string | null
  /** Null: where `stdout` is. */
  readonly stderr: string | null
  readonly workDir: string | null
  readonly jobName: string | null
}

/** What came of a submission. Only a complaint about the request itself is a refusal; doubt is `unknown`. */
export type SubmitOutcome =
  | {
      readonly kind: 'submitted'
      readonly id: SchedulerJobId
      readonly cluster: string | null
      /** What the command printed, to be shown unchanged. */
      readonly stdout: string
      readonly stderr: string
      /** The command's own exit code: not 0 when it waited (`sbatch --wait`) for a job that failed. */
      readonly exitCode: number
      /** All its jobs, where the command submits by itself; the first is `id`. */
      readonly members?: readonly Member[]
    }
  /** The command did its work and no job was meant to come of it (`--test-only`, `--help`). */
  | { readonly kind: 'no-job'; readonly stdout: string; readonly stderr: string; readonly exitCode: number }
  | {
      readonly kind: 'refused'
      readonly stdout: string
      readonly stderr: string
      readonly exitCode: number | null
      /** The limit on queued jobs that stood in the way, in Slurm's word: the same request may be taken later. */
      readonly limit?: string
    }
  | {
      readonly kind: 'unknown'
      readonly stdout: string
      readonly stderr: string
      readonly exitCode: number | null
    }

/**
 * A submission that is ready and waits. Its process is noted in the ledger before `go`, and ends by itself without
 * submitting when this process dies before `go`.
 */
export interface HeldSubmission {
  readonly process: ProcessIdentity
  /** `onId` is told the job's id as soon as it is printed: `sbatch --wait` ends much later. */
  readonly go: (onId?: (id: SchedulerJobId, cluster: string | null) => void) => Promise<SubmitOutcome>
  readonly abandon: () => Promise<void>
}

/** Why a job has to wait before it is submitted: a limit on queued jobs that is used up, or what it was to run or read is not what it was. */
export type HeldBack =
  | {
      readonly kind: 'limit'
      /** Slurm's name of it, such as `MaxSubmitJobs`. */
      readonly limit: string
      /** Whose it is, such as `account physics` or `QOS short`; empty where it is the cluster's. */
      readonly of: string
      /** Jobs and array tasks; null where it was learnt from a refusal. */
      readonly most: number | null
    }
  | { readonly kind: 'changed'; readonly path: string }

/** What is to be queued, in sbatch's words; null: not said. An array counts as many as it has tasks. */
export interface QueueWish {
  readonly account: string | null
  readonly qos: string | null
  readonly partition: string | null
  readonly tasks: number
  /** The highest index of an array, or null. */
  readonly highestIndex: number | null
}

/** Whether there is room for a job: `full` now, or `never`, however empty the queue. */
export type Admission =
  | { readonly kind: 'fits' }
  | { readonly kind: 'full' | 'never'; readonly why: Extract<HeldBack, { kind: 'limit' }> }

/** The room that a site's limits and the user's jobs leave at one moment. What is admitted counts from then on. */
export interface Room {
  readonly admit: (wish: QueueWish) => Admission
  /** How many tasks an array with indices from 0 on may have to be admitted at all, however empty the queue. */
  readonly largest: (wish: Pick<QueueWish, 'account' | 'qos' | 'partition'>) => number
  /** The scheduler refused such a job for a limit: none like it is admitted any more. */
  readonly refused: (wish: QueueWish, limit: string) => Extract<HeldBack, { kind: 'limit' }>
}

/** What came of letting held jobs go. */
export type ReleaseOutcome =
  { readonly kind: 'released' } | { readonly kind: 'failed'; readonly message: string }

/** Submissions that are ready and wait, to be made one after the other by one process. */
export interface HeldSubmissions {
  readonly process: ProcessIdentity
  /** Makes them all; what came of each, in order. */
  readonly go: () => Promise<readonly SubmitOutcome[]>
  readonly abandon: () => Promise<void>
}

/** A job as the ledger knows it, to be asked about. */
export interface JobReference {
  readonly id: SchedulerJobId
  readonly cluster: string | null
  readonly user: string
  readonly submittedAt: EpochSeconds
  readonly token: JobToken
  readonly folder: string
  /** Of a large array, one of its tasks: to describe it, its scheduler need not describe each. */
  readonly task?: number
  /** When the look was begun that told what the ledger knows of it; null: none has. An older look has no say in it. */
  readonly seenAt?: EpochSeconds | null
  /** The ledger knows the end of all its parts. */
  readonly over?: boolean
}

/** The states of Slurm, without suffixes such as `by 1000`; the embedded scheduler uses the same words. */
export type SchedulerState = string

/**
 * One thing a witness said: about a whole job, about one task of an array (`task`), one component of a heterogeneous
 * job (`component`), or tasks still folded together in the queue (`folded`, in array notation without `%limit`).
 * Rows of one task may repeat: one an attempt, in order of `submitted`.
 */
export interface Row {
  readonly job: SchedulerJobId
  readonly cluster: string | null
  readonly task: number | null
  readonly folded: string | null
  readonly component: number | null
  readonly state: SchedulerState
  /** Slurm's own word for why it waits or ended (`Resources`, `NonZeroExitCode`), or null. */
  readonly reason: string | null
  readonly exit: { readonly code: number; readonly signal: number } | null
  readonly submitted: EpochSeconds | null
  readonly started: EpochSeconds | null
  readonly ended: EpochSeconds | null
  readonly user: string | null
  readonly facts: JobFacts
}

/** A witness that did not answer. */
export interface Silence {
  readonly answered: false
  readonly why: 'off' | 'failed' | 'not-asked'
  readonly message: string
}

/** A witness that answered may know nothing of a job; one that did not answer says nothing about any. */
export type Testimony =
  | {
      readonly answered: true
      readonly rows: readonly Row[]
      /** Jobs about which it could say nothing, though it could about the others. */
      readonly unheard?: ReadonlyMap<SchedulerJobId, Silence>
    }
  | Silence

/** One look at the jobs. The embedded scheduler's markers are its `queue`; it has no accounting (`off`). */
export interface Look {
  readonly queue: Testimony
  readonly accounting: Testimony
  /** When it was begun, by this process or another. Absent: now. */
  readonly at?: EpochSeconds
  /** When the scheduler may be asked again. Absent: at any time. */
  readonly again?: EpochSeconds
}

/** The trace of a token: the job it became, or how sure we are that there is none. */
export type TokenSearch =
  | {
      readonly kind: 'found'
      readonly id: SchedulerJobId
      readonly cluster: string | null
      readonly submittedAt: EpochSeconds | null
      /** All jobs of a command that submits by itself; the first is `id`. */
      readonly members?: readonly Member[]
    }
  /** Every witness that could show it has answered and none knows it. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unanswered'; readonly message: string }

/** A word to the scheduler about one job, and how it was taken. */
export type CancelOutcome =
  | { readonly kind: 'asked' }
  | { readonly kind: 'already-over' }
  | { readonly kind: 'failed'; readonly message: string }

/** What Waybill asks of any scheduler: `slurm/` and `local/` pass one suite of tests. Nothing here throws for what the world does. */
export interface Scheduler {
  readonly kind: 'slurm' | 'local'
  readonly hold: (request: SubmitRequest) => Promise<HeldSubmission>
  /** Plain submissions that differ in neither directory nor environment. */
  readonly holdMany: (requests: readonly SubmitRequest[]) => Promise<HeldSubmissions>
  /** Asks about all jobs at once: one query to the queue, and one to accounting for those the queue does not settle. */
  readonly look: (jobs: readonly JobReference[], options: LookOptions) => Promise<Look>
  /** `user`: whose job it would be. */
  readonly findToken: (
    token: JobToken,
    since: EpochSeconds,
    folder: string,
    user: string,
  ) => Promise<TokenSearch>
  /** Seconds that must lie between two searches before `absent` twice is believed. */
  readonly settleSeconds: () => Promise<number>
  /**
   * The scheduler's own description of each job as `Key: value` (what `scontrol show job` prints), or null where it no
   * longer has one. One process, however many jobs.
   */
  readonly describe: (
    jobs: readonly JobReference[],
  ) => Promise<readonly (Readonly<Record<string, string>> | null)[]>
  readonly cancel: (
    jobs: readonly JobReference[],
    onWait?: LookOptions['onWait'],
  ) => Promise<readonly CancelOutcome[]>
  /** What all its jobs together may take; absent: it decides that itself. */
  readonly capacity?: Capacity
}

/** A scheduler that has limits on how many jobs it takes. */
export interface BatchScheduler extends Scheduler {
  /** What can be learnt of the limits and of the user's jobs; what cannot be learnt limits nothing. */
  readonly room: () => Promise<Room>
  /** Lets jobs go that were submitted held. */
  readonly release: (jobs: readonly JobReference[]) => Promise<ReleaseOutcome>
}

/** How thorough a look is. */
export interface LookOptions {
  /**
   * `states`: accounting is asked only for jobs the queue does not show. `facts`: also for jobs the queue shows as
   * over, with every attempt, step memory and CPU time.
   */
  readonly depth: 'states' | 'facts'
  /** Seconds that accounting gets where the queue has told each end, and only facts are missing. */
  readonly factsWait?: number
  /**
   * Seconds of age that a look may have. Given, it is for showing alone: it waits for nobody, takes the last look while
   * the scheduler may not be asked, and leaves accounting alone about jobs whose end is known. Absent: a look that is
   * begun after this question.
   */
  readonly maxAge?: number
  /** Told how many seconds there are to wait until the scheduler may be asked. */
  readonly onWait?: (seconds: number) => void
}
