import type { Result } from '../contract/result.ts'
import type { Note } from './note.ts'

/**
 * What a command of this room did, one item a piece of work: a `Result` whose message is still a value. The command line
 * alone turns notes into words.
 */
export interface Report extends Omit<Result, 'message'> {
  readonly note?: Note
}
