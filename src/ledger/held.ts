import type { DatabaseSync } from 'node:sqlite'
import type { JobId } from '../contract/ids.ts'
import { toJson } from './job-columns.ts'
import type { Held, Submitter } from './job-row.ts'
import { isOpen } from './schema.ts'

/** Takes a held job for a submitter; false when it is not held any more, or was taken by somebody else than `before`. */
export function claimHeld(
  db: DatabaseSync,
  id: JobId,
  before: Submitter | null,
  submitter: Submitter,
): boolean {
  const claimed = db
    .prepare(
      `UPDATE jobs SET submitter = ? WHERE id = ? AND submitter IS ? AND held IS NOT NULL AND ${isOpen}`,
    )
    .run(toJson(submitter), id, toJson(before))
  return claimed.changes > 0
}

/** Notes what a held job waits for now. */
export function holdAgain(db: DatabaseSync, id: JobId, held: Held): void {
  db.prepare('UPDATE jobs SET held = ? WHERE id = ? AND held IS NOT NULL').run(toJson(held), id)
}

/** Whether any job of a worktree is held: one step in the index. */
export function hasHeld(db: DatabaseSync, worktree: string): boolean {
  const first = db.prepare(`SELECT 1 FROM jobs WHERE held IS NOT NULL AND ${isOpen} AND worktree = ? LIMIT 1`)
  return first.get(worktree) !== undefined
}

/** The worktrees that open jobs were submitted from: one step in the index for each, however many jobs. */
export function openWorktrees(db: DatabaseSync): readonly string[] {
  const next = db.prepare(
    `SELECT worktree FROM jobs WHERE ${isOpen} AND worktree > ? ORDER BY worktree LIMIT 1`,
  )
  const found: string[] = []
  for (let row = next.get(''); row !== undefined; row = next.get(found.at(-1) ?? ''))
    found.push(String(row['worktree']))
  return found
}
