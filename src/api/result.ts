import type { Result as Told, ResultStatus, ResultType } from '../contract/result.ts'
import type { Report } from '../job/report.ts'
import { wordsFor } from './words.ts'

/**
 * One thing that a command did, as `--json` prints it. `path` is relative to the dataset for files, the dataset's own for
 * the dataset, and empty where no path is meant. Beside DataLad's words stand facts, such as `job`, `slurm_job_id`, `commit`.
 */
export interface Result {
  readonly action: string
  readonly status: ResultStatus
  readonly path: string
  readonly type?: ResultType
  /** What happened, to which job or path, and what to do next, in words. */
  readonly message?: string
  /** Our name of the job (`w12`). */
  readonly job?: string
  /** Slurm's id of the job. */
  readonly slurm_job_id?: number
  /** The commit that was made, or that is spoken of. */
  readonly commit?: string
  readonly [fact: string]: unknown
}

/** What every function gives at its end. */
export interface Outcome {
  /** In the order in which things happened. */
  readonly results: readonly Result[]
  /** As the command's: 0 all well, 1 when something was `impossible` or an `error`. */
  readonly exitCode: number
}

/** A report of the engine as a result: its note in words, its facts beside them. */
export function toResult(report: Report): Result {
  const { note, facts, ...rest } = report
  const told: Omit<Told, 'facts'> = note === undefined ? rest : { ...rest, message: wordsFor(note) }
  return { ...told, ...facts }
}
