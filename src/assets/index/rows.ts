import type { DatabaseSync } from 'node:sqlite'
import type { CommitId } from '../../contract/ids.ts'
import type { Version } from '../versions/version.ts'
import type { AssetRecord } from './asset-records.ts'

/** Data versions by the places of a record's keys; null: an output is not there, or the key was not made. */
export type DataVersions = readonly (Version | null)[]

/** What a commit's record says; it never changes. */
export interface RecordRow {
  readonly commit: CommitId
  /** Null: the commit's record says nothing of an asset. */
  readonly record: AssetRecord | null
}

/** A record that counts in a worktree, with what its outputs were and are, as the definitions there say which they are. */
export interface CurrentRow extends RecordRow {
  readonly seq: number
  /** What `made` and `now` were found out for (`OutputShape`); null: for nothing yet. */
  readonly shape: string | null
  /** In the record's own commit. */
  readonly made: DataVersions | null
  /** What HEAD had at the roots of the outputs. */
  readonly roots: string | null
  /** At HEAD; null: as `made`. */
  readonly now: DataVersions | null
}

/** What a worktree last looked at. */
export interface LookRow {
  readonly head: string
  readonly shapes: string
}

/** What a worktree last looked at; null: nothing yet. */
export function readLook(db: DatabaseSync, place: string): LookRow | null {
  const row = db.prepare('SELECT head, shapes FROM looks WHERE place = ?').get(place)
  return row === undefined ? null : { head: String(row['head']), shapes: String(row['shapes']) }
}

/** The records that count in a worktree, newest first. */
export function readCurrent(db: DatabaseSync, place: string): readonly CurrentRow[] {
  const rows = db
    .prepare(
      'SELECT r.*, c.seq, c.shape, c.made, c.roots, c.now FROM current c JOIN records r USING (commit_id) WHERE c.place = ? ORDER BY c.seq DESC',
    )
    .all(place)
  const keyLists: KeyLists = new Map()
  return rows.map((row) => ({
    ...toRecord(row, keyLists),
    seq: Number(row['seq']),
    shape: textOr(row['shape']),
    made: parsed(row['made']) as DataVersions | null,
    roots: textOr(row['roots']),
    now: parsed(row['now']) as DataVersions | null,
  }))
}

/** What is known of these commits' records. */
export function readKnown(db: DatabaseSync, commits: readonly CommitId[]): ReadonlyMap<CommitId, RecordRow> {
  const one = db.prepare('SELECT * FROM records WHERE commit_id = ?')
  const known = new Map<CommitId, RecordRow>()
  const keyLists: KeyLists = new Map()
  for (const commit of commits) {
    const row = one.get(commit)
    if (row !== undefined) known.set(commit, toRecord(row, keyLists))
  }
  return known
}

/** What a worktree knows now, to be kept. */
export interface NewLook extends LookRow {
  readonly place: string
  /** The look that this one began with: another process may have been quicker. */
  readonly before: LookRow | null
  readonly records: readonly RecordRow[]
  /** All records that count, or those of which something is new. */
  readonly current: readonly CurrentRow[]
  /** Numbers of those that count no more. */
  readonly gone: readonly number[] | 'all'
}

/** Keeps what was found out, whole or not at all. */
export function writeLook(db: DatabaseSync, look: NewLook): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    const record = db.prepare('INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)')
    for (const { commit, record: says } of look.records) {
      // What stands in a column of its own is not kept twice.
      const told = says === null ? null : { ...says, facts: { ...says.facts, keys: null } }
      const { name, keys } = says?.facts ?? { name: '', keys: null }
      record.run(commit, name, written(keys), written(told))
    }
    // What another process has kept meanwhile is no worse: the next look goes on from it.
    const before = readLook(db, look.place)
    if (before?.head === look.before?.head && before?.shapes === look.before?.shapes) {
      if (look.gone === 'all') db.prepare('DELETE FROM current WHERE place = ?').run(look.place)
      else {
        const drop = db.prepare('DELETE FROM current WHERE place = ? AND seq = ?')
        for (const seq of look.gone) drop.run(look.place, seq)
      }
      const insert = db.prepare('INSERT OR REPLACE INTO current VALUES (?, ?, ?, ?, ?, ?, ?)')
      for (const { seq, commit, shape, made, roots, now } of look.current)
        insert.run(look.place, seq, commit, shape, written(made), roots, written(now))
      db.prepare('INSERT OR REPLACE INTO looks VALUES (?, ?, ?)').run(look.place, look.head, look.shapes)
    }
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Lists of keys by their JSON: many records have the same, which is then read once. */
type KeyLists = Map<unknown, readonly string[] | null>

function toRecord(row: Readonly<Record<string, unknown>>, keyLists: KeyLists): RecordRow {
  const commit = String(row['commit_id']) as CommitId
  const told = parsed(row['facts']) as AssetRecord | null
  const text = row['keys']
  const keys = keyLists.get(text) ?? (parsed(text) as readonly string[] | null)
  keyLists.set(text, keys)
  return {
    commit,
    record: told === null ? null : { ...told, facts: { ...told.facts, name: String(row['asset']), keys } },
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
