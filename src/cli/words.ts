import type { DatasetFailure } from '../dataset/failure.ts'
import type { Note } from '../job/note.ts'
import { datasetWords } from './words-dataset.ts'
import { finishWords } from './words-finish.ts'
import { ledgerWords } from './words-ledger.ts'
import { recordWords } from './words-record.ts'
import { scheduleWords } from './words-schedule.ts'

/** Every note of the engine in words: what happened, to which job or path, and what to do next. */
export function wordsFor(note: Note): string {
  const known = scheduleWords(note) ?? finishWords(note) ?? recordWords(note) ?? ledgerWords(note)
  // Each table answers for its own kinds, which its tests prove; what no other knows is the dataset's.
  return known ?? datasetWords(note as DatasetFailure)
}
