import type { DatabaseSync } from 'node:sqlite'
import type { CommitId, JobId } from '../contract/ids.ts'
import { isOpen } from './schema.ts'

/** A branch move that has begun: what it is (JSON of the dataset's room) and which job each commit records. */
export interface PendingMove<Plan> {
  readonly id: string
  readonly worktree: string
  readonly plan: Plan
  readonly jobs: readonly RecordedJob[]
}

/** A commit and the job that it records; with `tasks` (`0-97,99`) only those of an array, which stays open. */
export interface RecordedJob {
  readonly job: JobId
  readonly commit: CommitId
  readonly tasks?: string
}

/** Notes a move, or how far one has come; false when one of its jobs has ended its life. Call inside a transaction. */
export function insertMove(db: DatabaseSync, move: PendingMove<unknown>): boolean {
  const open = db.prepare(`SELECT 1 FROM jobs WHERE id = ? AND ${isOpen}`)
  if (move.jobs.some(({ job }) => open.get(job) === undefined)) return false
  db.prepare('INSERT OR REPLACE INTO moves (id, worktree, plan, jobs) VALUES (?, ?, ?, ?)').run(
    move.id,
    move.worktree,
    JSON.stringify(move.plan),
    JSON.stringify(move.jobs),
  )
  return true
}

/** All moves that have begun and of whose end nobody knows. */
export function readMoves<Plan>(db: DatabaseSync): readonly PendingMove<Plan>[] {
  return db
    .prepare('SELECT id, worktree, plan, jobs FROM moves')
    .all()
    .map((row) => ({
      id: String(row['id']),
      worktree: String(row['worktree']),
      plan: JSON.parse(String(row['plan'])) as Plan,
      jobs: JSON.parse(String(row['jobs'])) as PendingMove<Plan>['jobs'],
    }))
}
