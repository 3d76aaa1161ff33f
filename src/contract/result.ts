/** DataLad's words for how one piece of work went. */
export type ResultStatus = 'ok' | 'notneeded' | 'impossible' | 'error'

/** What a result is about. */
export type ResultType = 'file' | 'symlink' | 'directory' | 'dataset' | 'job'

/**
 * One line of what a command did. People see `action(status): path (type) [message]`; `--json` prints the object.
 * `path` is relative to the dataset for files, `.` for the dataset itself, and empty where no path is meant.
 */
export interface Result {
  readonly action: string
  readonly status: ResultStatus
  readonly path: string
  readonly type?: ResultType
  readonly message?: string
  /** Facts for machines, such as `job`, `slurm_job_id`, `commit`; printed by `--json` only. */
  readonly facts?: Readonly<Record<string, unknown>>
}
