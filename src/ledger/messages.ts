import type { DatabaseSync } from 'node:sqlite'
import type { EpochSeconds, JobId } from '../contract/ids.ts'

/** What a stretch of a file said, and how far that file was read before and after it. Both are JSON of the room above. */
export interface ReadMessages {
  readonly job: JobId
  /** The index in an array, else 0. */
  readonly task: number
  /** Which file of the task's, by a name of the room above. */
  readonly file: string
  /** null: nothing was read. */
  readonly from: unknown
  readonly to: unknown
  readonly at: EpochSeconds
  readonly events: readonly unknown[]
}

/** Something that a payload said. `n` grows with each that is kept, over all jobs. */
export interface KeptMessage {
  readonly n: number
  readonly task: number
  readonly at: EpochSeconds
  readonly event: unknown
}

/** How far a file of a task was read. */
export interface KeptPosition {
  readonly task: number
  readonly file: string
  readonly position: unknown
}

/**
 * Keeps what was read, and how far; false, and nothing is kept, when the file was read on meanwhile by somebody else. Call
 * inside a transaction: nothing is kept twice or lost, whatever breaks.
 */
export function keepMessages(db: DatabaseSync, read: ReadMessages): boolean {
  const { job, task, file, from, to, at, events } = read
  const moved =
    from === null
      ? db
          .prepare(
            'INSERT INTO message_positions (job, task, file, position) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
          )
          .run(job, task, file, JSON.stringify(to))
      : db
          .prepare(
            'UPDATE message_positions SET position = ? WHERE job = ? AND task = ? AND file = ? AND position = ?',
          )
          .run(JSON.stringify(to), job, task, file, JSON.stringify(from))
  if (moved.changes === 0) return false
  const insert = db.prepare('INSERT INTO messages (job, task, at, event) VALUES (?, ?, ?, ?)')
  for (const event of events) insert.run(job, task, at, JSON.stringify(event))
  return true
}

/** How far each file of a job was read. */
export function positionsOf(db: DatabaseSync, job: JobId): readonly KeptPosition[] {
  return db
    .prepare('SELECT task, file, position FROM message_positions WHERE job = ? ORDER BY task, file')
    .all(job)
    .map((row) => ({
      task: Number(row['task']),
      file: String(row['file']),
      position: JSON.parse(String(row['position'])) as unknown,
    }))
}

/** What the jobs of a run said after message `after`, in the order in which it was kept; at most `most` of it. */
export function messagesOfRun(
  db: DatabaseSync,
  run: string,
  after: number,
  most: number,
): readonly (KeptMessage & { readonly job: JobId })[] {
  return db
    .prepare(
      // Not the other way round: new messages are few, and a run may have many jobs.
      'SELECT m.id, m.job, m.task, m.at, m.event FROM messages m CROSS JOIN jobs j WHERE m.id > ? AND j.id = m.job AND j.run = ? ORDER BY m.id LIMIT ?',
    )
    .all(after, run, most)
    .map((row) => ({ ...toMessage(row), job: Number(row['job']) as JobId }))
}

/** The number of the newest message that was kept; 0: none ever was. */
export function newestMessage(db: DatabaseSync): number {
  return Number(db.prepare('SELECT max(id) AS id FROM messages').get()?.['id'] ?? 0)
}

function toMessage(row: Record<string, unknown>): KeptMessage {
  return {
    n: Number(row['id']),
    task: Number(row['task']),
    at: Number(row['at']),
    event: JSON.parse(String(row['event'])) as unknown,
  }
}

/** What a job said after message `after`, in the order in which it was kept; at most `most` of it. */
export function messagesOf(
  db: DatabaseSync,
  job: JobId,
  after: number,
  most: number,
): readonly KeptMessage[] {
  return db
    .prepare(
      'SELECT id, task, at, event FROM messages INDEXED BY messages_by_job WHERE job = ? AND id > ? ORDER BY id LIMIT ?',
    )
    .all(job, after, most)
    .map(toMessage)
}
