import type { CommitId, EpochSeconds, JobId } from '../contract/ids.ts'
import type { Capacity } from '../contract/scheduler.ts'
import type { LogPlan } from '../slurm/log-pattern.ts'
import type { AssetFacts } from './asset-facts.ts'
import type { DeclaredCheck } from './checks/declared.ts'
import type { Parts } from './evidence.ts'

/** What an input file was when the job was submitted. Hashes are `key` (git-annex) or `blob` (git); outside the repository size and time. */
export interface InputIdentity {
  readonly path: string
  readonly key?: string
  readonly blob?: string
  readonly size?: number
  readonly mtime?: EpochSeconds
  /** Of a whole subdataset: the commit that was checked out there. */
  readonly commit?: string
  /** Files of that subdataset were not what its commit holds. */
  readonly modified?: true
}

/** The script as it was submitted. Its text lies in the job's folder until it is recorded. */
export interface ScriptCopy {
  /** Relative to the root when inside the repository, else absolute; null for one read from standard input. */
  readonly path: string | null
  readonly blob: string
  /** Waybill's own text of what it launches: there is no such file before the job is recorded. */
  readonly own?: true
}

/**
 * What was asked at submission; kept in the ledger as JSON and never changed. Paths are relative to the root of the
 * worktree unless said otherwise.
 */
export interface JobSpec {
  readonly title: 'DATALAD SLURM RUN' | 'DATALAD RUNCMD'
  /** The user's own words as one line, with placeholders: what the record says. */
  readonly cmd: string
  /** The words that were run. */
  readonly words: readonly string[]
  /** The worktree it was submitted from, as `worktreePlace` names it. */
  readonly place: string
  /** Directory of submission; `.` is the root. */
  readonly pwd: string
  readonly message: string | null
  readonly inputs: readonly string[]
  readonly extraInputs: readonly string[]
  readonly outputs: readonly string[]
  /** Nothing was declared: all that changed in the dataset, which had no unsaved changes before, is recorded. */
  readonly whole?: true
  /** Commits of the records this job repeats, oldest first. */
  readonly chain: readonly string[]
  /** The Slurm job id whose record it repeats. */
  readonly repeats: number | null
  readonly dsid: string | null
  /** HEAD at submission, null on an unborn branch. */
  readonly commit: CommitId | null
  /** Tracked inputs, or the script, whose content differed from HEAD at submission. */
  readonly differed: readonly string[]
  readonly script: ScriptCopy | null
  readonly identities: readonly InputIdentity[]
  readonly parts: Parts
  readonly logs: LogPlan | null
  /** An array wish given to Waybill itself, for the embedded scheduler. */
  readonly array: string | null
  /** Paths that the record names one by one instead of as patterns. */
  readonly expand?: 'inputs' | 'outputs' | 'both'
  /** Where the job runs instead of in the dataset: a real absolute path, below which the same relative paths stand. */
  readonly altDir?: string
  /** What lies there stays when the job has been recorded. */
  readonly keepAltDir?: true
  /** The command calls sbatch itself, perhaps several times: its jobs are the ledger's `members` of this one. */
  readonly submitsItself?: true
  /** The registered name of the container image that the command runs in. */
  readonly container?: string
  /** Declared outputs with `{task}` in them, root-relative: which task of the array makes which file. */
  readonly taskOutputs?: readonly string[]
  /** Of an array: so many of `outputs` are each task's own, in order of tasks. */
  readonly outputsPerTask?: number
  /** What the record names in place of `inputs` and `outputs`, where these are many. */
  readonly patterns?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  /** The open job whose failed tasks this one runs again. */
  readonly replaces?: JobId
  /** It was handed to Slurm with a whole graph: `held`: until that stood; `behind`: the jobs that it waits for. */
  readonly inGraph?: { readonly held: boolean; readonly behind: readonly JobId[] }
  /** The asset of a graph that it makes. */
  readonly asset?: AssetFacts
  /** What each task takes of this machine, of a local job. */
  readonly weight?: Capacity
  /** What was to be looked at after its payload. */
  readonly checks?: readonly DeclaredCheck[]
}
