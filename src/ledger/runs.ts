import type { DatabaseSync } from 'node:sqlite'
import type { EpochSeconds, RunId } from '../contract/ids.ts'
import type { ProcessIdentity } from '../contract/scheduler.ts'
import { toJson } from './job-columns.ts'

/** `running` says nothing of whether anybody drives it just now. */
export type RunState = 'running' | 'done' | 'failed' | 'cancelled'

/** One call that makes assets. What the room above keeps of it is JSON: what was asked, how far it is, what came of it. */
export interface RunRow {
  readonly id: RunId
  /** What its jobs and their records carry. */
  readonly token: string
  readonly worktree: string
  readonly user: string
  readonly state: RunState
  readonly request: unknown
  /** Who drove it last. */
  readonly driver: ProcessIdentity
  readonly began: EpochSeconds
  /** Jobs before this are no attempts of it any more. */
  readonly since: EpochSeconds
  readonly ended: EpochSeconds | null
  readonly progress: unknown
}

/** What a run has before its number is given. */
export type NewRun = Pick<RunRow, 'token' | 'worktree' | 'user' | 'request' | 'driver' | 'began'>

/** What may change in a run; absent keys stay as they are. */
export type RunChange = Partial<Pick<RunRow, 'state' | 'request' | 'driver' | 'since' | 'ended' | 'progress'>>

/** Notes a run that begins. */
export function insertRun(db: DatabaseSync, run: NewRun): RunId {
  // What went well in runs that are over is told by their jobs; whoever watched them has read it.
  db.prepare(
    `DELETE FROM run_reports WHERE trouble = 0 AND run IN (SELECT id FROM runs WHERE worktree = ? AND state <> 'running')`,
  ).run(run.worktree)
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO runs (token, worktree, user, state, request, driver, began, since) VALUES (?, ?, ?, 'running', ?, ?, ?, ?)`,
    )
    .run(
      run.token,
      run.worktree,
      run.user,
      JSON.stringify(run.request),
      JSON.stringify(run.driver),
      run.began,
      run.began,
    )
  return Number(lastInsertRowid) as RunId
}

/** Changes a run; false where its state is none of `from` (null: any). */
export function changeRun(
  db: DatabaseSync,
  id: RunId,
  change: RunChange,
  from: readonly RunState[] | null,
): boolean {
  const columns = {
    ...(change.state === undefined ? {} : { state: change.state }),
    ...(change.request === undefined ? {} : { request: JSON.stringify(change.request) }),
    ...(change.driver === undefined ? {} : { driver: JSON.stringify(change.driver) }),
    ...(change.since === undefined ? {} : { since: change.since }),
    ...(change.ended === undefined ? {} : { ended: change.ended }),
    ...(change.progress === undefined ? {} : { progress: toJson(change.progress) }),
  }
  const set = Object.keys(columns).map((name) => `${name} = ?`)
  const guard = from === null ? '' : ` AND state IN (${from.map((state) => `'${state}'`).join(', ')})`
  const changed = db
    .prepare(`UPDATE runs SET ${set.join(', ')} WHERE id = ?${guard}`)
    .run(...Object.values(columns), id)
  return changed.changes > 0
}

/** A run by its number, or null. */
export function readRun(db: DatabaseSync, id: RunId): RunRow | null {
  const row = db.prepare('SELECT * FROM runs WHERE id = ?').get(id)
  return row === undefined ? null : toRun(row)
}

/** A run by its token, or null. */
export function readRunOf(db: DatabaseSync, token: string): RunRow | null {
  const row = db.prepare('SELECT * FROM runs WHERE token = ?').get(token)
  return row === undefined ? null : toRun(row)
}

/** The newest runs of all worktrees, newest first. */
export function readRuns(db: DatabaseSync, most: number): readonly RunRow[] {
  return db.prepare('SELECT * FROM runs ORDER BY id DESC LIMIT ?').all(most).map(toRun)
}

/** The runs of a worktree that have not come to their end, newest first. */
export function readUnendedRuns(db: DatabaseSync, worktree: string): readonly RunRow[] {
  return db
    .prepare("SELECT * FROM runs WHERE worktree = ? AND state = 'running' ORDER BY id DESC")
    .all(worktree)
    .map(toRun)
}

/** Something that was said while a run was driven. */
export interface KeptReport {
  readonly n: number
  readonly report: unknown
}

/** Keeps what was said, and gives the number of the last. `trouble`: it stays as long as the run is known. */
export function keepReports(
  db: DatabaseSync,
  id: RunId,
  reports: readonly { readonly trouble: boolean; readonly report: unknown }[],
): number {
  const insert = db.prepare('INSERT INTO run_reports (run, trouble, report) VALUES (?, ?, ?)')
  const numbers = reports.map(
    ({ trouble, report }) => insert.run(id, trouble ? 1 : 0, JSON.stringify(report)).lastInsertRowid,
  )
  return Number(numbers.at(-1) ?? 0)
}

/** What was said after report `after`, in order. */
export function reportsOf(db: DatabaseSync, id: RunId, after: number): readonly KeptReport[] {
  return db
    .prepare('SELECT id, report FROM run_reports WHERE run = ? AND id > ? ORDER BY id')
    .all(id, after)
    .map((row) => ({ n: Number(row['id']), report: JSON.parse(String(row['report'])) as unknown }))
}

/** Forgets what was said: the run begins anew. */
export function dropReports(db: DatabaseSync, id: RunId): void {
  db.prepare('DELETE FROM run_reports WHERE run = ?').run(id)
}

function toRun(row: Record<string, unknown>): RunRow {
  return {
    id: Number(row['id']) as RunId,
    token: String(row['token']),
    worktree: String(row['worktree']),
    user: String(row['user']),
    state: String(row['state']) as RunState,
    request: JSON.parse(String(row['request'])) as unknown,
    driver: JSON.parse(String(row['driver'])) as ProcessIdentity,
    began: Number(row['began']),
    since: Number(row['since']),
    ended: row['ended'] === null ? null : Number(row['ended']),
    progress: row['progress'] === null ? null : (JSON.parse(String(row['progress'])) as unknown),
  }
}
