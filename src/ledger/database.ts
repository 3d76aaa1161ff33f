import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** A database that reads each statement's words once: to read them takes several times as long as to look up a row. */
export class Database extends DatabaseSync {
  readonly #statements = new Map<string, StatementSync>()

  override prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = super.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
