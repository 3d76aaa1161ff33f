import type { Note } from '../job/note.ts'

/** Ends a command that cannot begin: there is no dataset, or nothing to keep a ledger in. */
export class Stopped extends Error {
  readonly failure: Note
  constructor(failure: Note) {
    super(failure.kind)
    this.failure = failure
  }
}

/** Keeps Ctrl-C out of work that must not be cut in two. */
export interface Interrupts {
  readonly critical: <T>(work: () => Promise<T>) => Promise<T>
}
