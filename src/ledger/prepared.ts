import type { DatabaseSync, StatementSync } from 'node:sqlite'

const made = new WeakMap<DatabaseSync, Map<string, StatementSync>>()

/**
 * A statement for what is done again and again, made once. Each that is made anew is memory of SQLite's, of which the
 * collector knows nothing: ten thousand jobs that are marked in one transaction would leave fifty thousand of them.
 */
export function prepared(db: DatabaseSync, sql: string): StatementSync {
  const own = made.get(db) ?? new Map<string, StatementSync>()
  made.set(db, own)
  const statement = own.get(sql) ?? db.prepare(sql)
  own.set(sql, statement)
  return statement
}
