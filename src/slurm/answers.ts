import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochSeconds } from '../contract/ids.ts'
import type { ProcessIdentity } from '../contract/scheduler.ts'
import { takeAskLock } from './ask-lock.ts'
import { readTold, writeTold } from './known-answer.ts'
import type { Told } from './known-answer.ts'

/** The last answer to each question, and whose turn it is to ask. Nothing here throws: what cannot be kept is asked again. */
export interface Answers {
  readonly read: (question: string) => Told | null
  readonly write: (question: string, told: Told) => void
  /** Gives the way to let go of the question, or null while another asks it; that one is believed to until `until`. */
  readonly tryLock: (question: string, until: EpochSeconds, now: EpochSeconds) => (() => void) | null
  /** From now on nothing counts that was asked before: we have changed something ourselves. */
  readonly clear: (now: EpochSeconds) => void
  readonly cleared: () => EpochSeconds | null
}

/** Answers that only this process knows. */
export function ownAnswers(): Answers {
  const known = new Map<string, Told>()
  const asking = new Set<string>()
  let cleared: EpochSeconds | null = null
  return {
    read: (question) => known.get(question) ?? null,
    write: (question, told) => void known.set(question, told),
    tryLock: (question) => {
      if (asking.has(question)) return null
      asking.add(question)
      return () => void asking.delete(question)
    },
    clear: (now) => {
      cleared = now
    },
    cleared: () => cleared,
  }
}

/** Hours-old answers help nobody. Milliseconds. */
const keptMs = 3_600_000

let drafts = 0

/** Answers in a folder that the processes of one user share; questions name their host, since clocks do not agree. */
export function sharedAnswers(folder: string, self: ProcessIdentity): Answers {
  const file = (question: string, kind: string): string => join(folder, `${nameOf(question)}.${kind}`)
  const put = (path: string, text: string): void => {
    const draft = `${path}.${self.pid}-${(drafts += 1)}.new`
    try {
      writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
      renameSync(draft, path)
    } catch {
      rmSync(draft, { force: true })
    }
  }
  const get = (path: string): string | null => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return null
    }
  }
  return {
    read: (question) => {
      const text = get(file(question, 'told'))
      return text === null ? null : readTold(text, question)
    },
    write: (question, told) => {
      sweep(folder)
      put(file(question, 'told'), writeTold(question, told))
    },
    tryLock: (question, until, now) => takeAskLock(file(question, 'lock'), self, until, now),
    clear: (now) => put(file(self.host, 'cleared'), String(now)),
    cleared: () => {
      const at = Number(get(file(self.host, 'cleared')) ?? Number.NaN)
      return Number.isFinite(at) ? at : null
    },
  }
}

function sweep(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat !== undefined && Date.now() - stat.mtimeMs > keptMs) rmSync(path, { force: true })
    }
  } catch {
    // It is cleaned another time.
  }
}

/**
 * A short name for a question: 53 bits of cyrb53, a public-domain hash. The question itself stands in the file, so that
 * two with one name only cannot share; node:crypto would cost 4 ms at start-up.
 */
function nameOf(question: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < question.length; i++) {
    const unit = question.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(16).padStart(14, '0')
}
