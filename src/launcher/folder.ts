import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportLines } from '../contract/shell-environment.ts'
import { shellQuote } from '../contract/shell-quote.ts'
import type { InstalledFile } from '../process/install-files.ts'
import { shippedText } from '../process/shipped.ts'
import { markersFolder } from './markers.ts'

/** What one task does: the words of its command, variables to add to the job's, and what it is told in a file. */
export interface TaskWork {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Stands in the file `contextFile` names when the payload starts; null: there is none. */
  readonly context: string | null
  /** What is run after it, in order, when it ended with 0. All tasks of an array have as many. */
  readonly checks?: readonly CheckWork[]
}

/** One check of a task: the words of its command, and variables to add to the task's. */
export interface CheckWork {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where it fails, the job ends with `checkFailedCode`; else its failure changes no exit code. */
  readonly failsJob?: boolean
}

/** The exit code of a job whose payload ended with 0, and of which a check failed that is to fail the job. */
export const checkFailedCode = 90

/** One job's work: a single payload, or an array's, each task's own under its index. Words and values hold no NUL. */
export interface Work {
  /** Whose variables tell which task of an array this is. */
  readonly scheduler: 'slurm' | 'local'
  /** Absolute. */
  readonly cwd: string
  /** Variables of all tasks. */
  readonly env: Readonly<Record<string, string>>
  readonly payload: TaskWork | Iterable<readonly [index: number, TaskWork]>
  /** Modes of what others of a group's clone are to read: messages and markers. Null: nobody else is. */
  readonly shared: { readonly file: number; readonly directory: number } | null
}

/** start.sh reads the entries of so many tasks to find its own: one short file, of 100,000 tasks too. */
const tasksAFile = 100

export const startName = 'start.sh'

/** The script that starts what `writeJobFolder` has written. */
export function startScript(): InstalledFile {
  return { name: startName, text: shippedText(startName, import.meta.url), mode: 0o600 }
}

/**
 * Writes all that `start.sh` needs into a job's own folder (0700, files 0600, but for what is shared). To make a file costs some
 * file systems more than to start a program: there is none that a job does not need. Throws what the file system says.
 */
export function writeJobFolder(folder: string, work: Work): void {
  const { shared } = work
  const makeFolder = (path: string): void => {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (shared !== null) chmodSync(path, shared.directory)
  }
  for (const path of [folder, messagesFolder(folder)]) makeFolder(path)
  if (shared !== null) write(join(folder, 'umask'), [(0o777 & ~shared.file).toString(8).padStart(4, '0')])
  const common = [...exportLines(work.env), `_wb_cwd=${shellQuote(work.cwd)}`]
  let checks: readonly CheckWork[] = []
  if ('words' in work.payload) {
    checks = work.payload.checks ?? []
    write(join(folder, 'payload.sh'), [...common, ...taskLines(work.payload)])
  } else {
    makeFolder(join(folder, 'context'))
    checks = writeTable(join(folder, 'table'), work.payload)
    write(join(folder, 'payload.sh'), common)
  }
  if (checks.length > 0) writeChecks(folder, checks)
  if (checks.length > 0 || work.scheduler === 'slurm') makeFolder(markersFolder(folder))
}

/** The parameters of `start.sh`. */
export function startParameters(folder: string, scheduler: Work['scheduler']): readonly string[] {
  return scheduler === 'local' ? [folder, 'local'] : [folder]
}

/** Where a task finds what it is told. `task` is the index in an array, else null; all attempts share it. */
export function contextFile(folder: string, task: number | null): string {
  return task === null ? join(folder, 'context') : join(folder, 'context', String(task))
}

/** The folder of what all tasks say. */
export function messagesFolder(folder: string): string {
  return join(folder, 'messages')
}

/** Where a task may append messages. `start.sh` makes it; all attempts share it, each but the first begins with a mark. */
export function messagesFile(folder: string, task: number): string {
  return join(messagesFolder(folder), String(task))
}

/** Where a check of a task may append messages; checks are counted from 1. */
export function checkMessagesFile(folder: string, task: number, check: number): string {
  return join(folder, 'messages', `${task}.${check}`)
}

/** start.sh looks for this file alone: where there are no checks, they cost nothing. */
function writeChecks(folder: string, checks: readonly CheckWork[]): void {
  const failing = checks.flatMap(({ failsJob }, i) => (failsJob === true ? [i + 1] : []))
  write(join(folder, 'checks'), [[checks.length, ...failing].join(' ')])
}

/** Tasks come in order, and only those of one file are in memory. Gives the checks of the last, which are as many as those of each. */
function writeTable(folder: string, tasks: Iterable<readonly [number, TaskWork]>): readonly CheckWork[] {
  mkdirSync(folder, { mode: 0o700 })
  let checks: readonly CheckWork[] = []
  let file = 0
  let lines: string[] = []
  const flush = (): void => {
    if (lines.length > 0) write(join(folder, String(file)), ['case $_wb_task in', ...lines, 'esac'])
    lines = []
  }
  for (const [index, work] of tasks) {
    checks = work.checks ?? []
    const own = Math.floor(index / tasksAFile)
    if (own !== file) flush()
    file = own
    lines.push(`${index})`, ...taskLines(work), '_wb_words=1', ';;')
  }
  flush()
  return checks
}

// Ours after the payload's: a variable that is called as one of ours changes nothing.
function taskLines({ words, env, context, checks = [] }: TaskWork): readonly string[] {
  return [
    ...exportLines(env),
    `_wb_context=${shellQuote(context ?? '')}`,
    `set -- ${words.map(shellQuote).join(' ')}`,
    ...(checks.length === 0 ? [] : ['case $_wb_check in', ...checks.flatMap(checkLines), 'esac']),
  ]
}

function checkLines({ words, env }: CheckWork, i: number): readonly string[] {
  return [`${i + 1})`, ...exportLines(env), `set -- ${words.map(shellQuote).join(' ')}`, ';;']
}

function write(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
}
