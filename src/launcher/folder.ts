import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportLines } from '../contract/shell-environment.ts'
import { shellQuote } from '../contract/shell-quote.ts'
import { shippedText } from '../process/shipped.ts'

/** What one task does: the words of its command, variables to add to the job's, and what it is told in a file. */
export interface TaskWork {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Stands in the file `contextFile` names when the payload starts; null: there is none. */
  readonly context: string | null
}

/** One job's work: a single payload, or an array's, each task's own under its index. Words and values hold no NUL. */
export interface Work {
  /** Whose variables tell which task of an array this is. */
  readonly scheduler: 'slurm' | 'local'
  /** Absolute. */
  readonly cwd: string
  /** Variables of all tasks. */
  readonly env: Readonly<Record<string, string>>
  readonly payload: TaskWork | Iterable<readonly [index: number, TaskWork]>
}

/** start.sh reads the entries of so many tasks to find its own: one short file, of 100,000 tasks too. */
const tasksAFile = 100

/**
 * Writes all that `start.sh` needs into a job's own folder (0700, files 0600), and gives the path of the script: it is run
 * with the folder as its one argument. Throws what the file system says.
 */
export function writeJobFolder(folder: string, work: Work): string {
  for (const path of [folder, ...['context', 'messages', 'markers'].map((name) => join(folder, name))]) {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  }
  chmodSync(folder, 0o700)
  if (work.scheduler === 'local') write(join(folder, 'local'), [])
  const common = [...exportLines(work.env), `_wb_cwd=${shellQuote(work.cwd)}`]
  if ('words' in work.payload) {
    write(join(folder, 'payload.sh'), [...common, ...taskLines(work.payload)])
  } else {
    writeTable(join(folder, 'table'), work.payload)
    write(join(folder, 'payload.sh'), common)
  }
  const script = join(folder, 'start.sh')
  writeFileSync(script, shippedText('start.sh', import.meta.url), { mode: 0o600 })
  return script
}

/** Where a task finds what it is told. `task` is the index in an array, else 0; all attempts share it. */
export function contextFile(folder: string, task: number): string {
  return join(folder, 'context', String(task))
}

/** Where a task may append messages. `start.sh` makes it; all attempts share it, each but the first begins with a mark. */
export function messagesFile(folder: string, task: number): string {
  return join(folder, 'messages', String(task))
}

function writeTable(folder: string, tasks: Iterable<readonly [number, TaskWork]>): void {
  const files = new Map<number, string[]>()
  for (const [index, work] of tasks) {
    const file = Math.floor(index / tasksAFile)
    const lines = files.get(file) ?? []
    lines.push(`${index})`, ...taskLines(work), '_wb_words=1', ';;')
    files.set(file, lines)
  }
  mkdirSync(folder, { mode: 0o700 })
  for (const [file, lines] of files) {
    write(join(folder, String(file)), ['case $_wb_task in', ...lines, 'esac'])
  }
}

// Ours after the payload's: a variable that is called as one of ours changes nothing.
function taskLines({ words, env, context }: TaskWork): readonly string[] {
  return [
    ...exportLines(env),
    `_wb_context=${shellQuote(context ?? '')}`,
    `set -- ${words.map(shellQuote).join(' ')}`,
  ]
}

function write(path: string, lines: readonly string[]): void {
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
}
