import type { HeldBack } from '../contract/scheduler.ts'
import type { JobState } from '../ledger/job-row.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import type { RefusedFile } from '../dataset/stage.ts'
import type { LeftFile } from '../dataset/take-out.ts'
import type { Found } from '../dataset/walk.ts'
import type { ForeignUnreadable } from '../ledger/datalad-slurm.ts'
import type { LedgerFailure } from '../ledger/broken.ts'
import type { RecordFailure } from '../provenance/message.ts'
import type { UnfitDir } from './alt-dir/alt-dir.ts'
import type { LinkTrouble } from './alt-dir/alt-list.ts'
import type { Waited } from './finish/ended.ts'
import type { ConditionFailure } from './metric-condition.ts'
import type { PlaceholderFailure } from './schedule/placeholders.ts'

/** Everything that this room can have to say about a piece of work: facts, never words. */
export type Note =
  | DatasetFailure
  | LedgerFailure
  | PlaceholderFailure
  | RecordFailure
  | ScheduleNote
  | FinishNote
  | SubdatasetNote
  | RescheduleNote
  | RunNote
  | AltDirNote
  | ForeignNote
  | ContainerNote
  | BatchNote
  | UsageNote
  | MaterializeNote
  | RunsNote
  | LineNote
  | AssetNote

/** What there is to say of many jobs at once, and of those that wait here. */
export type BatchNote =
  | { readonly kind: 'held-back'; readonly cmd: string; readonly why: HeldBack }
  | { readonly kind: 'held-given-up' }
  /** More than the site ever takes. */
  | {
      readonly kind: 'over-limit'
      readonly tasks: number
      readonly highest: number | null
      readonly limit: HeldBack
    }
  | { readonly kind: 'bad-line'; readonly problem: string }
  | { readonly kind: 'wait-in-batch' }

/** What there is to say of assets while they are made. `key` is null where an asset is made in one piece. */
export type MaterializeNote =
  | CheckNote
  | HeldBackNote
  | { readonly kind: 'asset-submitted'; readonly asset: string; readonly keys: readonly string[] | null }
  /** `exception`: by which the payload was closed; `again`: it is tried once more. */
  | {
      readonly kind: 'asset-failed'
      readonly asset: string
      readonly keys: readonly string[] | null
      readonly states: string
      readonly exception: string | null
      readonly again: boolean
    }
  /** Its job is over or not to be found, and stays open: nobody can tell how it ended, or it cannot be recorded now. */
  | {
      readonly kind: 'asset-left-open'
      readonly asset: string
      readonly keys: readonly string[] | null
      readonly job: string
    }
  /** It ended well, and what it was to make is not there. */
  | { readonly kind: 'asset-incomplete'; readonly asset: string; readonly keys: readonly string[] | null }
  /** It had failed for good when its run was taken up. */
  | { readonly kind: 'asset-failed-before'; readonly asset: string; readonly keys: readonly string[] | null }
  /** `upstream`: what failed before it; empty: nothing new was begun after a failure. */
  | {
      readonly kind: 'asset-not-run'
      readonly asset: string
      readonly keys: number
      readonly upstream: readonly string[]
    }

/** What is not made, and why. */
export type HeldBackNote =
  /** `checks`: those upstream that did not pass and block it; empty: what it needs, `upstream`, was not run either. */
  | {
      readonly kind: 'asset-blocked'
      readonly asset: string
      readonly keys: number
      readonly checks: readonly FailedCheck[]
      readonly upstream: readonly string[]
    }
  /** It asks for more than this machine has. */
  | {
      readonly kind: 'asset-too-large'
      readonly asset: string
      readonly keys: readonly string[] | null
      readonly lacking: readonly {
        readonly what: 'cpus' | 'memory' | 'gpus'
        readonly asked: number
        readonly most: number
      }[]
    }

/** A check of an asset that did not pass. */
export interface FailedCheck {
  readonly asset: string
  readonly check: string
  /** The asset has keys, of which some did not pass. */
  readonly hasKeys: boolean
}

/** What there is to say of a check that did not pass, or cannot be judged. */
export type CheckNote = CheckFacts &
  ({ readonly kind: 'check-not-passed' } | { readonly kind: 'check-not-known' })

/** How a check came out; `keys` null: of all that the job made. */
export interface CheckFacts {
  readonly asset: string
  readonly check: string
  readonly keys: readonly string[] | null
  /** It holds back what is made of the asset. */
  readonly blocking: boolean
  readonly exitCode: number | null
  readonly why: string | null
  /** What a metric must not be; and what it was. */
  readonly condition: string | null
  readonly value: number | null
  readonly job: string
}

/** What there is to say of runs as a whole. */
export type RunsNote =
  /** `level` null: it is none of its log. */
  | {
      readonly kind: 'payload-said'
      readonly asset: string
      readonly key: string | null
      readonly level: string | null
      readonly words: string
    }
  /** `pieces`: that are to be made. */
  | { readonly kind: 'run-begins'; readonly run: string; readonly pieces: number }
  | { readonly kind: 'run-goes-on'; readonly run: string }
  | { readonly kind: 'run-watched'; readonly run: string; readonly holder: string }
  | { readonly kind: 'run-taken-over'; readonly run: string }
  | { readonly kind: 'run-cancelled'; readonly run: string }
  | { readonly kind: 'detached'; readonly run: string; readonly jobs: number }
  /** Not all of it could be submitted, and nothing of it runs. */
  | { readonly kind: 'detach-incomplete'; readonly run: string }
  | { readonly kind: 'detach-not-released'; readonly run: string; readonly words: string }
  /** Somebody died over it, and its jobs wait to be let go. */
  | { readonly kind: 'detach-unfinished'; readonly run: string }
  /** What of an asset Slurm cannot be told. `job`: the open one that is in the way. */
  | {
      readonly kind: 'detach-refused'
      readonly asset: string
      readonly why: 'local-site' | 'retry' | 'metric-check' | 'external' | 'keys' | 'open-job'
      readonly job: string | null
    }
  | { readonly kind: 'detach-limit'; readonly asset: string; readonly limit: HeldBack }
  /** Of a graph that was handed to Slurm: what it waited for has failed. */
  | {
      readonly kind: 'never-run'
      readonly job: string
      readonly asset: string
      readonly upstream: readonly string[]
    }
  | { readonly kind: 'no-such-run'; readonly run: string }
  | { readonly kind: 'run-elsewhere'; readonly run: string; readonly worktree: string }
  | { readonly kind: 'run-over'; readonly run: string; readonly state: string }
  /** `open`: so many jobs of it were to be cancelled; `driven`: somebody will see that it is. */
  | {
      readonly kind: 'run-cancel-asked'
      readonly run: string
      readonly open: number
      readonly driven: boolean
    }

/** Why `usage` was not told what to count. */
export type UsageNote = ConditionFailure | { readonly kind: 'bad-day'; readonly text: string }

/** Said of one line of a batch. */
export interface LineNote {
  readonly kind: 'of-line'
  readonly line: number
  readonly note: Note
}

/** Said of a submission that is to make keys of an asset (null: it has none). */
export interface AssetNote {
  readonly kind: 'of-asset'
  readonly asset: string
  readonly keys: readonly string[] | null
  readonly note: Note
}

/** What `schedule` can have to say. */
export type ScheduleNote =
  | { readonly kind: 'scheduled'; readonly cmd: string }
  | { readonly kind: 'no-outputs' }
  | { readonly kind: 'no-command' }
  | { readonly kind: 'array-needs-local' }
  | { readonly kind: 'bad-array'; readonly text: string }
  | { readonly kind: 'unfinished-quote'; readonly line: string; readonly quote: string }
  | {
      readonly kind: 'output-conflict'
      readonly wanted: string
      readonly reserved: string
      readonly job: string
      readonly schedulerId: string | null
    }
  | { readonly kind: 'task-needs-array'; readonly output: string }
  | { readonly kind: 'output-is-root-pattern'; readonly pattern: string }
  | {
      readonly kind: 'input-is-open-output'
      readonly input: string
      readonly reserved: string
      readonly job: string
      readonly schedulerId: string | null
    }
  | { readonly kind: 'input-missing'; readonly path: string }
  | { readonly kind: 'input-not-fetched'; readonly path: string; readonly detail: string }
  /** `copy`: `REV:PATH` of the text that it had when it was recorded. */
  | { readonly kind: 'script-missing'; readonly path: string; readonly copy: string | null }
  | { readonly kind: 'after-needs-slurm' }
  | { readonly kind: 'after-needs-sbatch' }
  /** A command that submits by itself has submitted nothing, as far as anybody saw. */
  | {
      readonly kind: 'submitted-nothing'
      readonly cmd: string
      readonly exitCode: number | null
      readonly words: string
    }
  /** It has submitted jobs, and then ended with an exit code other than 0. */
  | { readonly kind: 'command-failed'; readonly submitted: number; readonly exitCode: number }
  | { readonly kind: 'after-failed'; readonly job: string; readonly states: string }
  | { readonly kind: 'after-unknown'; readonly job: string }
  | { readonly kind: 'made-writable'; readonly files: number; readonly copiedBytes: number }
  | { readonly kind: 'kept'; readonly why: 'kept-untracked' | 'kept-changed' }
  | { readonly kind: 'too-large-to-copy'; readonly bytes: number; readonly free: number }
  | { readonly kind: 'log-outside'; readonly path: string }
  | { readonly kind: 'refused'; readonly words: string; readonly exitCode: number | null }
  | { readonly kind: 'submission-unknown'; readonly words: string; readonly job: string }
  | { readonly kind: 'no-job'; readonly cmd: string }
  | { readonly kind: 'detached-head' }

/** What `finish`, `close`, `cancel` and recovery can have to say. */
export type FinishNote =
  /** Jobs that its payload submitted have not all ended. */
  | {
      readonly kind: 'children-open'
      readonly job: string
      readonly jobs: readonly string[]
      readonly recorded: boolean
    }
  /** What its payload submitted is not known: whoever asks may not read what it noted. */
  | { readonly kind: 'children-unreadable'; readonly job: string }
  | { readonly kind: 'children-cancelled'; readonly job: string; readonly jobs: readonly string[] }
  | { readonly kind: 'children-not-cancelled'; readonly job: string; readonly jobs: readonly string[] }
  | {
      readonly kind: 'not-complete'
      readonly scheduler: 'slurm' | 'local'
      readonly job: string
      readonly statuses: string
      /** Tasks that have a record already (`0-97,99`); empty when none has. */
      readonly recorded: string
    }
  | { readonly kind: 'closed-failed'; readonly statuses: string; readonly recorded: string }
  /** There is nothing left that completed. */
  | {
      readonly kind: 'tasks-recorded'
      readonly job: string
      readonly statuses: string
      readonly recorded: string
    }
  /** Some tasks were recorded; those in `statuses` are still open. */
  | { readonly kind: 'tasks-kept'; readonly job: string; readonly tasks: string; readonly statuses: string }
  /** New, changed or deleted files of which nobody can tell whether a task that completed made them. */
  | { readonly kind: 'tasks-untold'; readonly job: string; readonly paths: readonly string[] }
  | { readonly kind: 'log-shared' }
  /** Its failed tasks are being submitted again, and it is not known yet whether they were. */
  | { readonly kind: 'being-replaced'; readonly job: string; readonly by: string }
  | { readonly kind: 'outputs-need-one-job' }
  | { readonly kind: 'job-unknown'; readonly job: string; readonly why: string }
  | { readonly kind: 'job-unanswered'; readonly job: string; readonly why: string }
  | { readonly kind: 'still-submitting'; readonly job: string }
  | { readonly kind: 'no-such-job'; readonly job: string }
  | { readonly kind: 'ambiguous-job'; readonly job: string; readonly candidates: readonly string[] }
  | {
      readonly kind: 'already-over'
      readonly job: string
      readonly state: JobState
      readonly commit: string | null
    }
  | { readonly kind: 'nothing-open' }
  | { readonly kind: 'none-since'; readonly revision: string }
  | { readonly kind: 'submitted-before'; readonly job: string; readonly revision: string }
  | { readonly kind: 'other-worktree'; readonly job: string; readonly worktree: string }
  | { readonly kind: 'other-branch'; readonly job: string; readonly branch: string; readonly now: string }
  /** `waited`: it may be there on the machine that wrote it. */
  | { readonly kind: 'output-missing'; readonly path: string; readonly waited?: Waited | undefined }
  | { readonly kind: 'not-recorded'; readonly path: string; readonly reason: OddReason }
  | {
      readonly kind: 'not-stored'
      readonly path: string
      readonly why: RefusedFile['why']
      readonly message: string
    }
  | { readonly kind: 'not-saved'; readonly job: string }
  | { readonly kind: 'log-missing'; readonly path: string }
  | { readonly kind: 'task-needed'; readonly job: string; readonly indices: string }
  | { readonly kind: 'member-needed'; readonly job: string; readonly ids: readonly string[] }
  | { readonly kind: 'no-log'; readonly job: string }
  | { readonly kind: 'ended-already'; readonly job: string }
  | { readonly kind: 'taken-over' }
  | { readonly kind: 'has-its-id'; readonly job: string }
  | { readonly kind: 'id-taken'; readonly schedulerId: string; readonly job: string }
  | { readonly kind: 'not-at-scheduler'; readonly schedulerId: string }
  | { readonly kind: 'submission-lost'; readonly job: string; readonly mayBeOurs: boolean }
  | { readonly kind: 'assume-needs-names' }
  | { readonly kind: 'nothing-changed' }
  | { readonly kind: 'recorded-by-other'; readonly commit: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'left-as-is'; readonly why: 'changed' | 'gone' | 'only-copy' }
  | { readonly kind: 'cancel-asked' }
  | { readonly kind: 'cancel-failed'; readonly words: string }
  | { readonly kind: 'still-running'; readonly job: string }
  | { readonly kind: 'assume-not-needed'; readonly job: string; readonly state: string }
  | { readonly kind: 'recovered-never-submitted'; readonly job: string }
  | { readonly kind: 'recovered-submitted'; readonly job: string; readonly schedulerId: string }
  | { readonly kind: 'recovered-move'; readonly how: 'done' | 'rolled-back' }
  | { readonly kind: 'no-commit-yet' }
  | { readonly kind: 'too-many-to-merge'; readonly jobs: number; readonly most: number }
  /** `taken` may also be a branch whose name goes on below that of `branch`. Both without `refs/heads/`. */
  | {
      readonly kind: 'branch-taken'
      readonly job: string
      readonly branch: string
      readonly taken: string
    }
  /** A file of a job that is recorded on a branch of its own stays in the work tree. */
  | { readonly kind: 'left-in-place'; readonly why: LeftFile['why'] }

/** What there is to say of subdatasets. */
export type SubdatasetNote =
  /** What a job left in one cannot be committed there: the job stays open. */
  { readonly kind: 'subdataset-not-saved'; readonly subdataset: string; readonly why: Note }

/** What `reschedule` and `show` can have to say. */
export type RescheduleNote =
  | { readonly kind: 'no-records'; readonly range: string }
  | { readonly kind: 'other-dataset'; readonly dsid: string }
  /** The script or the command asks for no array any more. */
  | { readonly kind: 'no-array-now'; readonly cmd: string }
  | { readonly kind: 'no-array'; readonly job: string }
  | { readonly kind: 'no-failed-tasks'; readonly job: string }
  /** Tasks were named of what tells of none: another tool's record, that of several jobs, or a job that is no array. */
  | {
      readonly kind: 'no-tasks'
      readonly of: string
      readonly why: 'foreign' | 'several-jobs' | 'no-array'
    }
  | { readonly kind: 'no-such-task'; readonly of: string; readonly tasks: string; readonly known: string }
  | { readonly kind: 'one-task'; readonly of: string; readonly first: number }
  /** Tasks that completed have no record: the others can be repeated when they have. */
  | { readonly kind: 'record-completed-first'; readonly job: string; readonly tasks: string }
  | { readonly kind: 'replaced-by'; readonly job: string; readonly by: string }
  /** An open job was finished, closed or repeated while it was to be repeated. */
  | { readonly kind: 'replaced-meanwhile' }
  | { readonly kind: 'is-merge' }
  | { readonly kind: 'skipped-failed'; readonly title: string }
  /** `name` is what the record calls it; `path` where it lies, with its content elsewhere. */
  | { readonly kind: 'sidecar-missing'; readonly name: string }
  | { readonly kind: 'sidecar-absent'; readonly path: string }
  | { readonly kind: 'sidecar-needs-xz'; readonly message: string }
  | { readonly kind: 'still-open'; readonly job: string }
  /** A job of an old pair of commits, of which there is only the first. */
  | { readonly kind: 'pair-open'; readonly job: string | null }
  | { readonly kind: 'over-unrecorded'; readonly job: string }
  | { readonly kind: 'overrides-need-sbatch'; readonly cmd: string }
  | { readonly kind: 'override-no-option'; readonly word: string }
  | { readonly kind: 'replay-written'; readonly path: string; readonly records: number }
  | { readonly kind: 'states-conflict'; readonly path: string; readonly commits: readonly string[] }
  | { readonly kind: 'restored'; readonly paths: readonly string[] }
  | { readonly kind: 'would-restore'; readonly paths: readonly string[] }
  | { readonly kind: 'uncommitted-inputs'; readonly paths: readonly string[] }
  | { readonly kind: 'cannot-restore'; readonly paths: readonly string[] }
  | { readonly kind: 'restore-in-subdataset'; readonly paths: readonly string[] }
  | { readonly kind: 'restore-in-way'; readonly path: string; readonly file: string }
  | {
      readonly kind: 'restore-in-use'
      readonly path: string
      readonly job: string
      readonly how: 'reads' | 'writes'
    }
  | { readonly kind: 'differs'; readonly paths: readonly string[] }
  /** The repeat of an asset's record is not the making of an asset: what it makes counts for no plan. */
  | {
      readonly kind: 'repeat-no-asset'
      readonly asset: string | null
      readonly keys: readonly string[] | null
      readonly why: 'no-definitions' | 'gone' | 'other-command' | 'elsewhere' | 'lists-gone'
    }
  | { readonly kind: 'would-reschedule'; readonly cmd: string; readonly pwd: string }
  /** The record's directory, or a folder above it, is a file here. */
  | { readonly kind: 'pwd-not-folder'; readonly pwd: string; readonly file: string }
  | { readonly kind: 'no-record-for-path'; readonly path: string }
  /** `target` looks like a job, and is neither that nor a commit nor a path. */
  | { readonly kind: 'no-such-record'; readonly target: string }
  /** The commit that the ledger knows is gone, and no branch holds the record. */
  | { readonly kind: 'record-gone'; readonly job: string; readonly commit: string }

/** What there can be to say of a job's alternative directory. Paths are relative to the root, as below `dir`. */
export type AltDirNote =
  | { readonly kind: 'alt-dir-unfit'; readonly dir: string; readonly why: UnfitDir }
  /** An open job reads or writes the file that would be replaced. */
  | {
      readonly kind: 'alt-file-in-use'
      readonly path: string
      readonly dir: string
      readonly job: string
    }
  | { readonly kind: 'alt-no-folder'; readonly dir: string; readonly path: string }
  | { readonly kind: 'alt-leads-back'; readonly dir: string; readonly path: string }
  | { readonly kind: 'alt-dir-full'; readonly dir: string; readonly bytes: number; readonly free: number }
  | {
      readonly kind: 'input-not-copied'
      readonly path: string
      readonly dir: string
      readonly message: string
    }
  | { readonly kind: 'changed-while-copied'; readonly path: string }
  | {
      readonly kind: 'copied-inputs'
      readonly files: number
      readonly bytes: number
      readonly dir: string
    }
  /** Not mounted here, or emptied: `marker` is the file that should be there. */
  | { readonly kind: 'alt-dir-gone'; readonly dir: string; readonly marker: string }
  | {
      readonly kind: 'output-not-copied'
      readonly path: string
      readonly dir: string
      readonly message: string
    }
  | { readonly kind: 'output-in-the-way'; readonly path: string; readonly dir: string }
  | { readonly kind: 'brought-back'; readonly files: number; readonly bytes: number; readonly dir: string }
  | {
      readonly kind: 'not-brought-back'
      readonly path: string
      readonly dir: string
      readonly reason: OddReason | LinkTrouble
    }
  | { readonly kind: 'alt-dir-left'; readonly dir: string }
  | { readonly kind: 'alt-not-cleaned'; readonly dir: string; readonly message: string }

/** Why something below an output is not recorded: what it is. */
export type OddReason = Exclude<Found['kind'], 'file' | 'symlink' | 'subdataset' | 'missing'>

/** What `run` can have to say. */
export type RunNote =
  | { readonly kind: 'unsaved-changes'; readonly paths: readonly string[] }
  | { readonly kind: 'ran'; readonly cmd: string }
  /** `states`: the scheduler's words where they say more than that it failed; `kept`: it is recorded all the same. */
  | {
      readonly kind: 'run-failed'
      readonly cmd: string
      readonly exitCode: number
      readonly states: string | null
      readonly recorded: boolean
    }

/** What there is to say of datalad-slurm's own jobs. */
export type ForeignNote =
  | ForeignUnreadable
  | {
      readonly kind: 'foreign-conflict'
      readonly wanted: string
      readonly reserved: string
      readonly job: number
    }
  | { readonly kind: 'foreign-open'; readonly jobs: readonly number[] }

/** What there is to say of containers. */
export type ContainerNote =
  | { readonly kind: 'no-such-container'; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: 'container-not-installed'; readonly name: string; readonly submodule: string }
  | { readonly kind: 'container-outside'; readonly name: string; readonly image: string }
  | { readonly kind: 'container-old-format'; readonly name: string; readonly format: string }
  /** Why what sbatch is given cannot be put into a container. */
  | { readonly kind: 'container-needs-script'; readonly why: 'stdin' | 'components' | 'no-sbatch' }
  /** A script that is read when the job starts is not the one that was there at submission. */
  | { readonly kind: 'script-changed' }
