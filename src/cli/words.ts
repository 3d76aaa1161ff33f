import type { Note } from '../job/note.ts'
import type { Words } from './word-table.ts'
import { datasetWords } from './words-dataset.ts'
import { finishWords } from './words-finish.ts'
import { ledgerWords } from './words-ledger.ts'
import { recordWords } from './words-record.ts'
import { scheduleWords } from './words-schedule.ts'

/** All words of the engine in one table: the compiler proves that no kind is left out. */
const table: Words<Note> = {
  ...scheduleWords,
  ...finishWords,
  ...recordWords,
  ...ledgerWords,
  ...datasetWords,
}

/** A note of the engine in words: what happened, to which job or path, and what to do next. */
export function wordsFor(note: Note): string {
  // A table by kind cannot tell the compiler that a note and its own function belong together.
  const words = table[note.kind] as (facts: Note) => string
  return words(note)
}
