import type { Context } from '../context.ts'
import type { Repeatable } from './repeatable.ts'
import type { Repeating } from './reschedule-request.ts'

/** A record as it is to be run: the request, and where. */
export interface Repetition {
  readonly found: Repeatable
  /** The record's directory, relative to the root; it need not exist. */
  readonly there: string
  /** With the record's directory as current one. */
  readonly context: Context
  readonly request: Repeating
  /** There is no record yet: nothing could differ from it. */
  readonly isNew: boolean
}
