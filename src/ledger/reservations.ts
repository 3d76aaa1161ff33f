import type { DatabaseSync } from 'node:sqlite'
import type { JobId } from '../contract/ids.ts'
import { literalPrefix, mayMeet } from './path-pattern.ts'
import { prepared } from './prepared.ts'

/** An open job whose reserved path stands in the way of a wanted one. */
export interface Conflict {
  readonly wanted: string
  readonly reserved: string
  readonly job: JobId
}

/** The root is stored as the empty prefix, under which every path lies. */
function prefixOf(path: string): string {
  return path === '.' ? '' : literalPrefix(path)
}

/** Reserves root-relative paths or patterns, or absolute ones outside, for a job. Call inside the transaction that checked them. */
export function reserve(db: DatabaseSync, worktree: string, job: JobId, paths: Iterable<string>): void {
  const insert = db.prepare(
    'INSERT OR IGNORE INTO reservations (worktree, prefix, pattern, job) VALUES (?, ?, ?, ?)',
  )
  for (const path of paths) insert.run(worktree, prefixOf(path), path, job)
}

/** Gives back everything a job had reserved. */
export function release(db: DatabaseSync, job: JobId): void {
  prepared(db, 'DELETE FROM reservations WHERE job = ?').run(job)
}

/**
 * The first reservation, of any job `except` one, that meets one of the wanted paths; or null. Costs what a path's depth costs:
 * each ancestor is one look-up in the index, and what lies below the path one range.
 */
export function findConflict(
  db: DatabaseSync,
  worktree: string,
  wanted: Iterable<string>,
  except: JobId | null = null,
): Conflict | null {
  const select = 'SELECT pattern, job FROM reservations WHERE job IS NOT ? AND worktree = ?'
  const at = db.prepare(`${select} AND prefix = ?`)
  const under = db.prepare(`${select} AND prefix >= ? AND prefix < ?`)
  const everything = db.prepare(select)
  // Many paths lie in one folder.
  const folders = new Map<string, readonly Record<string, unknown>[]>()
  const rowsAt = (folder: string): readonly Record<string, unknown>[] => {
    const rows = folders.get(folder) ?? at.all(except, worktree, folder)
    folders.set(folder, rows)
    return rows
  }
  for (const path of wanted) {
    const prefix = prefixOf(path)
    let found: Conflict | null = null
    for (const folder of foldersAbove(prefix)) found ??= first(rowsAt(folder), path)
    found ??=
      first(at.iterate(except, worktree, prefix), path) ??
      first(
        prefix === ''
          ? everything.iterate(except, worktree)
          : under.iterate(except, worktree, `${prefix}/`, `${prefix}0`),
        path,
      )
    if (found !== null) return found
  }
  return null
}

/** The root and each folder above a path; of the root none. */
function* foldersAbove(prefix: string): Generator<string> {
  if (prefix !== '') yield ''
  for (let end = prefix.indexOf('/'); end >= 0; end = prefix.indexOf('/', end + 1)) yield prefix.slice(0, end)
}

function first(rows: Iterable<Record<string, unknown>>, wanted: string): Conflict | null {
  for (const row of rows) {
    const reserved = String(row['pattern'])
    const job = Number(row['job']) as JobId
    if (mayMeet(wanted, reserved)) return { wanted, reserved, job }
  }
  return null
}

/** Moves a job's reservations to the place where its worktree stands now. */
export function adopt(db: DatabaseSync, job: JobId, worktree: string): void {
  db.prepare('UPDATE OR REPLACE reservations SET worktree = ? WHERE job = ?').run(worktree, job)
}
