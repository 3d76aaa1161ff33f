import { chmodSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqliteCode } from '../../ledger/broken.ts'
import { makeFolder, openWithLocks, type LedgerPlace } from '../../ledger/open.ts'

/** Raised when a table, or what stands in one, changes: all of it can be had from git again. */
const version = 2

/**
 * `records`: what a commit's record says, for good; `facts` is absent where it says nothing of an asset. `looks`: what a
 * worktree last looked at, and `current` the records that count there, the higher `seq` the newer (`CurrentRow`): worktrees
 * may have other definitions, and so other outputs of one asset.
 */
const tables = `
  CREATE TABLE records (commit_id TEXT PRIMARY KEY, asset TEXT NOT NULL, keys TEXT, facts TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE looks (place TEXT PRIMARY KEY, head TEXT NOT NULL, shapes TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE current (
    place TEXT NOT NULL, seq INTEGER NOT NULL, commit_id TEXT NOT NULL, shape TEXT, made TEXT, roots TEXT, now TEXT,
    PRIMARY KEY (place, seq)
  ) STRICT, WITHOUT ROWID;
`

/** SQLite's primary result codes for a file that is damaged, or not ours: error, corrupt, notadb. */
const damaged: ReadonlySet<number | null> = new Set([1, 11, 26])

/**
 * Works with the index `assets.db`. It is a cache: one that is damaged is made anew, and where none can be kept (a full disk,
 * a folder of others) one in memory stands in. The work may be done twice.
 */
export async function withIndex<T>(place: LedgerPlace, work: (db: DatabaseSync) => Promise<T>): Promise<T> {
  const path = join(place.folder, 'assets.db')
  try {
    return await workOn(() => openFile(path, place), work)
  } catch (error) {
    if (!isOfFile(error)) throw error
    if (!damaged.has(sqliteCode(error)) && !(error instanceof SyntaxError)) return inMemory(work)
  }
  try {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
    return await workOn(() => openFile(path, place), work)
  } catch (error) {
    if (!isOfFile(error)) throw error
    return inMemory(work)
  }
}

async function inMemory<T>(work: (db: DatabaseSync) => Promise<T>): Promise<T> {
  return workOn(() => {
    const db = new DatabaseSync(':memory:')
    db.exec(tables)
    return db
  }, work)
}

async function workOn<T>(open: () => DatabaseSync, work: (db: DatabaseSync) => Promise<T>): Promise<T> {
  const db = open()
  try {
    return await work(db)
  } finally {
    db.close()
  }
}

function openFile(path: string, place: LedgerPlace): DatabaseSync {
  const fresh = !existsSync(path)
  makeFolder(place)
  const { db } = openWithLocks(path)
  try {
    // What is lost with the power is found out again, as long as the file stays whole.
    db.exec('PRAGMA synchronous = NORMAL')
    if (fresh) chmodSync(path, place.shared?.file ?? 0o600)
    if (versionOf(db) !== version) makeTables(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function makeTables(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    // Two processes may find it so at once: the second looks again when it holds the lock.
    if (versionOf(db) !== version) {
      for (const table of ['records', 'looks', 'current']) db.exec(`DROP TABLE IF EXISTS ${table}`)
      db.exec(tables)
      db.exec(`PRAGMA user_version = ${version}`)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
}

/** Whether the file, its folder or its disk is at fault; JSON that does not parse is a damaged file, too. */
function isOfFile(error: unknown): boolean {
  if (sqliteCode(error) !== null || error instanceof SyntaxError) return true
  const code = error instanceof Error && 'code' in error ? error.code : null
  return ['EACCES', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT', 'ENOENT'].includes(String(code))
}
