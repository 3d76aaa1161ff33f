import type { CommitId, JobId } from '../../contract/ids.ts'
import type { Capacity } from '../../contract/scheduler.ts'
import type { TaskWork } from '../../launcher/folder.ts'
import type { AssetFacts } from '../asset-facts.ts'
import type { DeclaredCheck } from '../checks/declared.ts'

/** Which of a command's paths an option speaks of. */
export type Which = 'inputs' | 'outputs' | 'both'

/** Whether an option that may speak of inputs, outputs or both speaks of one of them. */
export function speaksOf(which: Which | null, what: 'inputs' | 'outputs'): boolean {
  return which === what || which === 'both'
}

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
  /** What need not be made ready beforehand: inputs are not fetched, outputs not made writable. */
  readonly assumeReady: Which | null
  /** Which paths the record names one by one instead of as patterns. */
  readonly expand: Which | null
  /** False: open jobs may have the same outputs (`--check-outputs false`). */
  readonly checkOutputs: boolean
  /** A directory outside the dataset in which the job is to run instead, as the user typed it. */
  readonly altDir: string | null
  /** Leave what lies in that directory there when the job has been recorded. */
  readonly keepAltDir: boolean
  /** A registered container image to run the command in. */
  readonly container: string | null
  /** What the job reads besides, as typed: no placeholder stands for it. */
  readonly extraInputs?: readonly string[]
  /** How many transfers of git-annex may run at once; null: its own choice. */
  readonly transfers: number | null
  /** No output is named: whatever changes in the dataset is recorded, which must have no unsaved changes before. */
  readonly whole?: boolean
  /** Keep a local command's standard error apart from its standard output. */
  readonly stderrApart?: boolean
  /** Reads a script given on standard input; null when that is a terminal. */
  readonly readStdin: (() => Promise<Buffer>) | null
  /** Set when a record is run again. */
  readonly repeat: Repeat | null
  /** The asset of a graph that the job makes: it need not have outputs, and always has its record. */
  readonly asset?: AssetFacts
  /** What each task takes of this machine, of a local job; absent: one CPU. */
  readonly weight?: Capacity
  /** What is looked at after the payload; the commands of those that run stand in `launch`, in the same order. */
  readonly checks?: readonly DeclaredCheck[]
  /** Of an array: so many of the outputs are each task's own, in order of tasks. */
  readonly outputsPerTask?: number
  /** What the record names in place of lists that are too long for it. */
  readonly patterns?: Pick<ScheduleRequest, 'inputs' | 'outputs'>
  /** Its place in a graph that is handed to Slurm as a whole. */
  readonly inGraph?: InGraph
  /** What is run instead of the words, which say the same for people and records: the last of sbatch's is `--wrap`'s, or the script. */
  readonly launch?: Launch
}

/** A job of a graph that is handed to Slurm as a whole: what only this submission says, and its record does not. */
export interface InGraph {
  /** Options of sbatch. */
  readonly options: readonly string[]
  /** It begins when the graph stands. */
  readonly held: boolean
  /** The jobs that it waits for. */
  readonly behind: readonly JobId[]
}

/** Payloads that are started by `start.sh` inside their job, and may report. */
export interface Launch {
  /** Absolute. */
  readonly cwd: string
  /** Variables of all tasks. */
  readonly env: Readonly<Record<string, string>>
  /** What each task of an array does, from index 0 on; a plain job has one. */
  readonly tasks: Iterable<TaskWork>
  /** The text of the script that sbatch's words end in: it is to be a file when the job is recorded, and none before. Root-relative. */
  readonly script: { readonly path: string; readonly text: string } | null
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
  /** An open job whose failed tasks these are: its reservations are handed over, and it is closed once this one is submitted. */
  readonly replaces: JobId | null
}
