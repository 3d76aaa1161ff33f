import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DatabaseSync } from 'node:sqlite'
import { asBroken, LedgerBroken, sqliteCode } from './broken.ts'
import { Database } from './database.ts'
import { fileSystemOf } from './file-system.ts'
import { migrations } from './schema.ts'

/** Where a ledger lies and who may use it. */
export interface LedgerPlace {
  /** `<git common dir>/waybill`; made when absent. */
  readonly folder: string
  /** Modes of state in a clone shared by a group (`core.sharedRepository`); null: the user's alone. */
  readonly shared: { readonly file: number; readonly directory: number } | null
}

/** How long one process waits for another's transaction. Those are short: longer means a stuck disk or a stopped process. */
const busyTimeoutMs = 15_000

/** An open ledger file. `warning` is said to the user once. */
export interface OpenLedger {
  readonly db: DatabaseSync
  readonly path: string
  readonly warning: string | null
  /** It has a write-ahead log: there, what is not forced to the disk is lost whole when the power fails, or not at all. */
  readonly wal: boolean
}

/**
 * Opens the ledger, making or migrating it where needed.
 * @throws LedgerBroken when it is newer, locked, full, unreadable or may not be written.
 */
export function openLedgerFile(place: LedgerPlace): OpenLedger {
  const path = join(place.folder, 'ledger.db')
  try {
    const fresh = !existsSync(path)
    makeFolder(place)
    const opened = openWithLocks(path)
    if (fresh) chmodSync(path, place.shared?.file ?? 0o600)
    migrate(opened.db, path)
    return { ...opened, path }
  } catch (error) {
    throw asBroken(fromFileSystem(error, path), path)
  }
}

/** Makes the folder of state where it is absent, with the modes that it has to have. @throws the system's error. */
export function makeFolder(place: LedgerPlace): void {
  if (existsSync(place.folder)) return
  const mode = place.shared?.directory ?? 0o700
  // Private from its first moment on; the umask may have taken away what a group needs.
  mkdirSync(place.folder, { recursive: true, mode })
  chmodSync(place.folder, mode)
}

/**
 * Opens or makes a database in whichever way works on its file system: everything is forced to the disk.
 * @throws what SQLite throws.
 */
export function openWithLocks(path: string): Omit<OpenLedger, 'path'> {
  const fileSystem = fileSystemOf(join(path, '..'))
  if (fileSystem.local) {
    const db = new Database(path, { timeout: busyTimeoutMs })
    useWal(db)
    db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    return { db, warning: null, wal: true }
  }
  const db = new Database(path, { timeout: busyTimeoutMs })
  try {
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    // Takes and gives back the lock that every transaction needs: fails where fcntl(2) locks do not exist.
    db.exec('BEGIN IMMEDIATE; ROLLBACK')
    return { db, warning: null, wal: false }
  } catch (error) {
    const code = sqliteCode(error)
    if (code !== 10 && code !== 15) throw error
    db.close()
  }
  const url = pathToFileURL(path)
  url.searchParams.set('vfs', 'unix-dotfile')
  const dotfile = new Database(url, { timeout: busyTimeoutMs })
  dotfile.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
  return {
    wal: false,
    db: dotfile,
    warning: `file locks do not work on this ${fileSystem.name} file system; the ledger is guarded by ${path}.lock instead`,
  }
}

/**
 * Of two that make one ledger at once, each may hold what the other waits for: SQLite then waits for nobody and says that
 * it is busy at once. The next try finds it made.
 */
function useWal(db: DatabaseSync): void {
  for (let tries = 1; ; tries++) {
    const begun = Date.now()
    try {
      return db.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      const waited = Date.now() - begun > busyTimeoutMs / 2
      if (sqliteCode(error) !== 5 || waited || tries === 100) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

function migrate(db: DatabaseSync, path: string): void {
  if (version(db) === migrations.length) return
  // Two processes may find an old ledger at once: the second looks again when it holds the lock.
  db.exec('BEGIN IMMEDIATE')
  try {
    const found = version(db)
    if (found > migrations.length)
      throw new LedgerBroken({ kind: 'ledger-newer', path, version: found, known: migrations.length })
    for (const step of migrations.slice(found)) db.exec(step)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function version(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
}

function fromFileSystem(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    return new LedgerBroken({ kind: 'ledger-full', path })
  if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM') {
    return new LedgerBroken({ kind: 'ledger-read-only', path, detail: error.message })
  }
  return error
}
