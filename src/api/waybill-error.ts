import { LedgerBroken } from '../ledger/broken.ts'
import type { Note } from '../job/note.ts'
import { CannotStart } from '../process/run.ts'
import { systemWords } from './system-words.ts'
import { wordsFor } from './words.ts'

/**
 * Work could not begin or go on: there is no dataset, its ledger cannot be used, a program is missing, the system said no.
 * `message` says what happened and what to do next; `kind` is fixed (`not-a-repository`, `ledger-locked`, `ENOSPC`).
 */
export class WaybillError extends Error {
  override readonly name = 'WaybillError'
  readonly kind: string
  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** The error for a failure that leaves nothing to work on. */
export function errorOf(failure: Note, cause?: unknown): WaybillError {
  return new WaybillError(failure.kind, wordsFor(failure), { cause })
}

/** Does the work; what a user or a machine can cause becomes a `WaybillError`, a bug stays what it is. */
export async function withWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asWaybillError(error)
  }
}

/** The error in words where a user or a machine can cause it; else the error itself. */
export function asWaybillError(error: unknown): unknown {
  if (error instanceof LedgerBroken) return errorOf(error.failure, error)
  if (error instanceof CannotStart) return errorOf(error.missing, error)
  const words = systemWords(error)
  if (words === null) return error
  return new WaybillError(String((error as NodeJS.ErrnoException).code), words, { cause: error })
}
