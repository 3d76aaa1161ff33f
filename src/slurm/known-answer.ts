import type { EpochSeconds } from '../contract/ids.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { SlurmFailure } from './failure.ts'
import type { Answer } from './query.ts'

/** What came of a question to Slurm, for all who would ask the same. */
export interface Told {
  /** When the question was put: what happened later, the answer may not know. */
  readonly asked: EpochSeconds
  /** Seconds until the answer was there. */
  readonly took: number
  /** How many times in a row Slurm was busy, this time included; 0: it was not. */
  readonly busy: number
  readonly answer: Fallible<Answer, SlurmFailure>
}

/**
 * An answer as it stands in a file: with its question, since the file's name is but a hash of that. What the command printed
 * comes behind the first line, as it is: it may be megabytes.
 */
export function writeTold(question: string, told: Told): string {
  const { answer } = told
  if (!answer.ok) return `${JSON.stringify({ question, ...told })}\n`
  const { stdout, ...value } = answer.value
  const head = { question, ...told, answer: { ok: true, value: { ...value, length: stdout.length } } }
  return `${JSON.stringify(head)}\n${stdout}`
}

/** Reads such a file; null for anything that is no answer to this question. What others may have written is not trusted. */
export function readTold(text: string, question: string): Told | null {
  const end = text.indexOf('\n')
  let read: unknown
  try {
    read = JSON.parse(text.slice(0, end))
  } catch {
    return null
  }
  if (!isRecord(read) || read['question'] !== question) return null
  const { asked, took, busy } = read
  const answer = readAnswer(read['answer'], text.slice(end + 1))
  if (answer === null || !isLength(asked) || !isLength(took)) return null
  return Number.isSafeInteger(busy) && isLength(busy) ? { asked, took, busy, answer } : null
}

function readAnswer(read: unknown, stdout: string): Told['answer'] | null {
  if (!isRecord(read)) return null
  const { ok, value, failure } = read
  if (ok === true && isRecord(value)) {
    const { stderr, length } = value
    // A part of an answer would be silent about jobs.
    const whole = length === stdout.length && typeof stderr === 'string'
    return whole ? { ok: true, value: { stdout, stderr } } : null
  }
  if (ok !== false || !isRecord(failure)) return null
  const { kind, program, seconds, words } = failure
  if (typeof program !== 'string') return null
  if (kind === 'slurm-timeout' && isLength(seconds)) return { ok, failure: { kind, program, seconds } }
  return kind === 'slurm-error' && typeof words === 'string'
    ? { ok, failure: { kind, program, words } }
    : null
}

function isLength(read: unknown): read is number {
  return typeof read === 'number' && Number.isFinite(read) && read >= 0
}

function isRecord(read: unknown): read is Readonly<Record<string, unknown>> {
  return typeof read === 'object' && read !== null
}
