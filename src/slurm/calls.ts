import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArraySpec } from '../contract/array-spec.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import type { Member } from '../contract/scheduler.ts'
import { tokenIn } from './belongs.ts'
import { logPlan } from './log-pattern.ts'
import { readSbatch, type SbatchLine } from './sbatch-line.ts'
import { printedId, type PrintedId } from './submit-outcome.ts'

/** One call of sbatch by a command that submits by itself, as `sbatch-shim.sh` noted it. */
export interface Call {
  /** When it began. */
  readonly at: EpochSeconds
  /** Null: it has not ended, or was killed. */
  readonly exitCode: number | null
  readonly printed: PrintedId | null
  /** Our token went with it. */
  readonly marked: boolean
  readonly line: SbatchLine
}

/**
 * The calls of a submission so far, in order, without those of a Waybill that its command called; null: what was noted of
 * them cannot be read, since it is another user's.
 */
export function readCalls(folder: string): readonly Call[] | null {
  const calls = join(folder, 'calls')
  return ifReadable(() => {
    const names = namesIn(calls).filter((name) => /^\d+$/.test(name))
    return names.toSorted((a, b) => Number(a) - Number(b)).flatMap((name) => readCall(join(calls, name)))
  })
}

/** After so many seconds an answer of sbatch's that was lost has reached the queue or never will. */
const lostFor = 120

/**
 * Whether jobs may have come of a submission since it was last looked at: cheap where nothing is new.
 */
export function mayHaveMoreJobs(folder: string, now: EpochSeconds): boolean {
  const count = ifReadable(() => namesIn(join(folder, 'calls')).length)
  if (count !== null && ifReadable(() => readText(join(folder, 'seen'))) === `${count}\n`) return false
  const calls = readCalls(folder)
  if (count === null || calls === null) return true
  const noted = calls.every((call) => call.exitCode !== null && call.printed !== null)
  if (noted || calls.every((call) => now - call.at > lostFor)) noteSeen(folder, count)
  return true
}

/** Another user's folder may not be written to: then it is looked at again. */
function noteSeen(folder: string, count: number): void {
  try {
    writeFileSync(join(folder, 'seen'), `${count}\n`)
  } catch {}
}

/** The job of a call that printed its id. */
export function memberOf(call: Call, { id, cluster }: PrintedId): Member {
  const { components } = call.line
  const [settings] = components
  const plan = logPlan(settings)
  return {
    id,
    cluster,
    submittedAt: call.at,
    array: settings.array === null ? null : (readArraySpec(settings.array)?.text ?? null),
    components: components.length,
    stdout: settings.output === null ? null : plan.stdout,
    stderr: plan.stderr === plan.stdout ? null : plan.stderr,
    workDir: plan.chdir,
    jobName: plan.jobName,
  }
}

function readCall(folder: string): readonly Call[] {
  const words = readText(join(folder, 'words'))
  // Without them it was killed before it ran sbatch.
  if (words === null) return []
  const [cwd = '', marked, ...args] = words.split('\0').slice(0, -1)
  const script = readText(join(folder, 'script'))
  const line = readSbatch(['sbatch', ...args], {
    cwd,
    env: environmentIn(readText(join(folder, 'environment')) ?? ''),
    // The script may be another by now, or gone.
    readFile: (path) => script ?? ifReadable(() => (isFile(path) ? readText(path) : null)),
    stdin: script,
  })
  if (tokenIn(line.components[0].comment?.text ?? '') !== null) return []
  const exit = readText(join(folder, 'exit'))
  const stdout = readText(join(folder, 'stdout')) ?? ''
  return [
    {
      at: statSync(join(folder, 'words')).mtimeMs / 1000,
      exitCode: exit === null || !/^\d+\n$/.test(exit) ? null : Number(exit),
      printed: printedId(stdout.slice(0, stdout.lastIndexOf('\n') + 1)),
      marked: marked === '1',
      line,
    },
  ]
}

function environmentIn(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const equals = line.indexOf('=')
      return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : []
    }),
  )
}

/** What is read, or null where it may not be. */
function ifReadable<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** The names in a folder; one that is not there has none. */
function namesIn(folder: string): readonly string[] {
  return isThere(folder) ? readdirSync(folder) : []
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** A file's text; null where it is not there. */
function readText(path: string): string | null {
  return isThere(path) ? readFileSync(path, 'utf8') : null
}

/** Unlike existsSync it throws where nobody may look. */
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
