import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fail, ok, type Fallible } from '../contract/fallible.ts'

/** An open job of datalad-slurm's. Its outputs are as it writes them: relative to the root, mostly, and not normalised. */
export interface ForeignJob {
  /** The database that holds it. */
  readonly file: string
  readonly id: number
  readonly outputs: readonly string[]
}

/** A database of datalad-slurm's that cannot be read: whether its jobs are in the way is not known. */
export interface ForeignUnreadable {
  readonly kind: 'foreign-unreadable'
  readonly file: string
  readonly detail: string
  /** Somebody writes to it right now. */
  readonly busy: boolean
}

/**
 * The names that its releases have given their database in `.git` (0.2.8, 0.2.5 and early 2025): `<dsid>.db`, or
 * `datalad-slurm.db` without an id; `dataset-slurm-<dsid>.db`; `<dsid>_<branch>.db`.
 */
const names = /^(?:datalad-slurm|dataset-slurm-.+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:_.+)?)\.db$/i

/** How long one of its transactions is waited for. */
const busyTimeoutMs = 5000

/** SQLITE_BUSY. */
const sqliteBusy = 5

/** The open jobs in all its databases in a git directory. One look at the directory where there is none. Never writes. */
export function readForeignJobs(gitDir: string): Fallible<readonly ForeignJob[], ForeignUnreadable> {
  const jobs: ForeignJob[] = []
  for (const name of readdirSync(gitDir).filter((one) => names.test(one))) {
    const file = join(gitDir, name)
    try {
      jobs.push(...readFile(file))
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      const busy = (error as { errcode?: unknown }).errcode === sqliteBusy
      return fail({ kind: 'foreign-unreadable', file, detail, busy })
    }
  }
  return ok(jobs.toSorted((a, b) => a.id - b.id))
}

function readFile(file: string): readonly ForeignJob[] {
  const db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs })
  try {
    // One transaction: a job that is finished meanwhile is there whole, or not at all.
    db.exec('BEGIN')
    const outputs = new Map<number, Set<string>>()
    const add = (id: unknown, paths: readonly string[]): void => {
      const known = outputs.get(Number(id)) ?? new Set()
      for (const path of paths) known.add(path)
      outputs.set(Number(id), known)
    }
    for (const row of rows(db, 'open_jobs', 'outputs')) add(row.id, pathsIn(row.value))
    for (const row of rows(db, 'locked_names', 'name')) add(row.id, [String(row.value)])
    return [...outputs].map(([id, paths]) => ({ file, id, outputs: [...paths] }))
  } finally {
    db.close()
  }
}

/** A table, or a column of it, that an older release did not have holds nothing. */
function rows(
  db: DatabaseSync,
  table: 'open_jobs' | 'locked_names',
  column: 'outputs' | 'name',
): readonly { readonly id: unknown; readonly value: unknown }[] {
  const columns = new Set(
    db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map((row) => row['name']),
  )
  if (!columns.has('slurm_job_id')) return []
  const value = columns.has(column) ? column : 'NULL'
  return db
    .prepare(`SELECT slurm_job_id AS id, ${value} AS value FROM ${table}`)
    .all()
    .map((row) => ({ id: row['id'], value: row['value'] }))
}

/** @throws for what is no list: then it is not known what the job writes. */
function pathsIn(json: unknown): readonly string[] {
  if (json === null || json === '') return []
  const parsed: unknown = JSON.parse(String(json))
  if (!Array.isArray(parsed)) throw new Error(`outputs are no list: ${String(json)}`)
  return parsed.map(String)
}
