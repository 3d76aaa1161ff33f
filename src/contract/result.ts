/** DataLad's words for how one piece of work went. */
export type ResultStatus = 'ok' | 'notneeded' | 'impossible' | 'error'

/**
 * One line of what a command did. People see `action(status): path (type) [message]`; `--json` prints the object.
 * `path` is relative to the dataset for files, `.` for the dataset itself, and empty where no path is meant.
 */
export interface Result {
  readonly action: string
  readonly status: ResultStatus
  readonly path: string
  readonly type?: 'file' | 'symlink' | 'directory' | 'dataset' | 'job'
  readonly message?: string
  /** Facts for machines, such as `job`, `slurm_job_id`, `commit`; printed by `--json` only. */
  readonly facts?: Readonly<Record<string, unknown>>
}
