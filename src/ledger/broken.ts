import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** What can be wrong with the ledger's file or its disk. */
export type LedgerFailure =
  | { readonly kind: 'ledger-newer'; readonly path: string; readonly version: number; readonly known: number }
  | { readonly kind: 'ledger-unreadable'; readonly path: string; readonly detail: string }
  | { readonly kind: 'ledger-locked'; readonly path: string }
  | { readonly kind: 'ledger-full'; readonly path: string }
  | { readonly kind: 'ledger-read-only'; readonly path: string; readonly detail: string }

/** Thrown when the ledger cannot be used: no step that needs it may go on. Carries the facts for words. */
export class LedgerBroken extends Error {
  readonly failure: LedgerFailure
  constructor(failure: LedgerFailure) {
    super(`${failure.kind}: ${failure.path}`)
    this.failure = failure
  }
}

/** SQLite's primary result codes (sqlite.org/rescode.html) that mean the world is at fault and not a statement of ours. */
const codes = {
  perm: 3,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  protocol: 15,
  notadb: 26,
}

/** Turns an exception of SQLite into `LedgerBroken` where the file or disk is at fault; gives back any other error. */
export function asBroken(error: unknown, path: string): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const detail = error instanceof Error ? error.message : String(error)
  switch (code) {
    case codes.busy:
    case codes.locked:
    case codes.protocol:
      return new LedgerBroken({ kind: 'ledger-locked', path })
    case codes.full:
      return new LedgerBroken({ kind: 'ledger-full', path })
    case codes.readonly:
    case codes.perm:
    case codes.cantopen:
      if (isFull(path)) return new LedgerBroken({ kind: 'ledger-full', path })
      return new LedgerBroken({ kind: 'ledger-read-only', path, detail })
    case codes.ioerr:
      // The shared memory beside the file could not grow (SQLITE_IOERR_SHMSIZE): a full disk says no more than that.
      if (isFull(path)) return new LedgerBroken({ kind: 'ledger-full', path })
      return new LedgerBroken({ kind: 'ledger-unreadable', path, detail })
    case codes.corrupt:
    case codes.notadb:
      return new LedgerBroken({ kind: 'ledger-unreadable', path, detail })
    default:
      return error
  }
}

/** Less than SQLite's own files need to begin with. */
function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < 65_536
  } catch {
    return false
  }
}

/** The primary result code of an error thrown by node:sqlite, or null. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}
