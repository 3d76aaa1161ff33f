import type { DatabaseSync } from 'node:sqlite'
import type { CommitId } from '../../contract/ids.ts'
import type { Version } from '../versions/version.ts'
import type { AssetRecord } from './asset-records.ts'

/** Data versions by the places of a record's keys; null: an output is not there, or the key was not made. */
export type DataVersions = readonly (Version | null)[]

/** What is known of one record. */
export interface RecordRow {
  readonly commit: CommitId
  /** Null: the commit's record says nothing of an asset. */
  readonly record: AssetRecord | null
  /** What `made` was found out for. */
  readonly shape: string | null
  readonly made: DataVersions | null
}

/** A record that counts in a worktree, with what its outputs are there now. */
export interface CurrentRow extends RecordRow {
  readonly seq: number
  readonly roots: string | null
  /** Null: as `made`. */
  readonly now: DataVersions | null
}

/** What a worktree last knew; null: nothing. */
export function readLook(
  db: DatabaseSync,
  place: string,
): { readonly head: string; readonly shapes: string } | null {
  const row = db.prepare('SELECT head, shapes FROM looks WHERE place = ?').get(place)
  return row === undefined ? null : { head: String(row['head']), shapes: String(row['shapes']) }
}

/** The records that count in a worktree, newest first. */
export function readCurrent(db: DatabaseSync, place: string): readonly CurrentRow[] {
  const rows = db
    .prepare(
      'SELECT r.*, c.seq, c.roots, c.now FROM current c JOIN records r USING (commit_id) WHERE c.place = ? ORDER BY c.seq DESC',
    )
    .all(place)
  return rows.map((row) => ({
    ...toRecord(row),
    seq: Number(row['seq']),
    roots: textOr(row['roots']),
    now: parsed(row['now']) as DataVersions | null,
  }))
}

/** What is known of these commits' records. */
export function readKnown(db: DatabaseSync, commits: readonly CommitId[]): ReadonlyMap<CommitId, RecordRow> {
  const one = db.prepare('SELECT * FROM records WHERE commit_id = ?')
  const known = new Map<CommitId, RecordRow>()
  for (const commit of commits) {
    const row = one.get(commit)
    if (row !== undefined) known.set(commit, toRecord(row))
  }
  return known
}

/** What a worktree knows now, to be kept. */
export interface NewLook {
  readonly place: string
  readonly head: string
  readonly shapes: string
  /** The head of the look that this one began with: another process may have been quicker. */
  readonly before: string | null
  /** Records that are new, or of which more is known. */
  readonly records: readonly RecordRow[]
  /** All records that count, or those of them that changed, and the numbers of those that count no more. */
  readonly current: readonly CurrentRow[]
  readonly gone: readonly number[] | 'all'
}

/** Keeps what was found out, whole or not at all. */
export function writeLook(db: DatabaseSync, look: NewLook): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const record = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)')
    for (const { commit, record: says, shape, made } of look.records) {
      const { commit: _commit, ...facts } = says ?? { commit }
      record.run(commit, says?.facts.name ?? '', JSON.stringify(facts), shape, written(made))
    }
    // What another process has kept meanwhile is no worse: the next look goes on from it.
    if ((readLook(db, look.place)?.head ?? null) === look.before) {
      if (look.gone === 'all') db.prepare('DELETE FROM current WHERE place = ?').run(look.place)
      else {
        const drop = db.prepare('DELETE FROM current WHERE place = ? AND seq = ?')
        for (const seq of look.gone) drop.run(look.place, seq)
      }
      const insert = db.prepare('INSERT OR REPLACE INTO current VALUES (?, ?, ?, ?, ?)')
      for (const { seq, commit, roots, now } of look.current)
        insert.run(look.place, seq, commit, roots, written(now))
      db.prepare('INSERT OR REPLACE INTO looks VALUES (?, ?, ?)').run(look.place, look.head, look.shapes)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function toRecord(row: Readonly<Record<string, unknown>>): RecordRow {
  const commit = String(row['commit_id']) as CommitId
  const facts = row['asset'] === '' ? null : (parsed(row['facts']) as Omit<AssetRecord, 'commit'> | null)
  return {
    commit,
    record: facts === null ? null : { commit, ...facts },
    shape: textOr(row['shape']),
    made: parsed(row['made']) as DataVersions | null,
  }
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : null
}

function written(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}
