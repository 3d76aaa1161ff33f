import type { Json } from './python-json.ts'

/** Which of DataLad's titles a record carries: a Slurm job's, or that of a command that ran here. */
export type RecordTitle = 'DATALAD SLURM RUN' | 'DATALAD RUNCMD'

/** Titles of early datalad-slurm, which wrote two commits a job: one when it was submitted, one when it had ended. */
export type OldTitle = 'DATALAD SCHEDULE' | 'DATALAD RESCHEDULE' | 'DATALAD FINISH'

/**
 * A run record as it stands in a commit message: the keys of DataLad and datalad-slurm with their own names and types,
 * and what we add under one key of our own. `inputs`, `extra_inputs` and `slurm_outputs` are relative to `pwd`; `outputs`
 * to the root in a SLURM RUN, and to `pwd` in a RUNCMD.
 */
export interface RunRecord {
  readonly cmd: string | readonly string[]
  readonly chain: readonly string[]
  readonly inputs: readonly string[]
  readonly extra_inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Directory of submission relative to the root; absent when it lay outside the dataset. */
  readonly pwd?: string
  /** The dataset's id; datalad-slurm writes the number 229089709 where there is none, DataLad nothing. */
  readonly dsid?: string | number
  /** `[DATALAD RUNCMD]` only. */
  readonly exit?: number
  readonly alt_dir?: string
  /** HEAD at submission, null on an unborn branch. */
  readonly commit_id?: string | null
  readonly slurm_job_id?: number
  readonly slurm_outputs?: readonly string[]
  readonly waybill?: { readonly [key: string]: Json }
}

/** A commit message taken apart. `record` is a string when it names a sidecar file. */
export interface RecordMessage {
  readonly title: RecordTitle | OldTitle
  /** What stands after the title's bracket, and any free text below it. */
  readonly text: string
  readonly record: RunRecord | string
}
