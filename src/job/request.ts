import type { CommitId } from '../contract/ids.ts'

/** What `schedule` is asked to do. Paths are as the user typed them, relative to the context's directory. */
export interface ScheduleRequest {
  readonly words: readonly string[]
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly message: string | null
  readonly dryRun: 'basic' | 'command' | null
  readonly scheduler: 'slurm' | 'local' | null
  readonly array: string | null
  readonly after: readonly string[]
  readonly freshOutputs: boolean
  readonly reserveAll: boolean
  /** Reads a script given on standard input; null when that is a terminal. */
  readonly readStdin: (() => Promise<Buffer>) | null
  /** Set when a record is run again. */
  readonly repeat: Repeat | null
}

/** Where a repeated job comes from. */
export interface Repeat {
  readonly chain: readonly string[]
  readonly commit: CommitId
  readonly slurmJobId: number | null
  readonly extraInputs: readonly string[]
  /** The command as the record has it: it goes into the new record unchanged. */
  readonly cmd: string
  /** The text of a script that came from standard input. */
  readonly stdin: Buffer | null
  /** Where in the record's commit the script's text lies, when the tree did not hold it. */
  readonly scriptCopy: string | null
}
