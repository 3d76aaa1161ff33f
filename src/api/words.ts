import type { Note } from '../job/note.ts'
import type { Words } from './word-table.ts'
import { printable, printableLines } from './printable.ts'
import { pieceName } from './piece-name.ts'
import { altDirWords } from './words-alt-dir.ts'
import { batchWords } from './words-batch.ts'
import { containerWords } from './words-container.ts'
import { datasetWords } from './words-dataset.ts'
import { finishWords } from './words-finish.ts'
import { foreignWords } from './words-foreign.ts'
import { ledgerWords } from './words-ledger.ts'
import { materializeWords } from './words-materialize.ts'
import { recordWords } from './words-record.ts'
import { runWords } from './words-run.ts'
import { runsWords } from './words-runs.ts'
import { scheduleWords } from './words-schedule.ts'
import { usageWords } from './words-usage.ts'

/** All words of the engine in one table: the compiler proves that no kind is left out. */
const table: Words<Note> = {
  ...scheduleWords,
  ...finishWords,
  ...recordWords,
  ...ledgerWords,
  ...datasetWords,
  ...runWords,
  ...altDirWords,
  ...foreignWords,
  ...containerWords,
  ...batchWords,
  ...usageWords,
  ...materializeWords,
  ...runsWords,
  'of-line': ({ line, note }) => `line ${line}: ${wordsFor(note)}`,
  'of-asset': ({ asset, keys, note }) => `${pieceName(asset, keys)}: ${wordsFor(note)}`,
  'subdataset-not-saved': ({ subdataset, why }) =>
    `what the job left in the subdataset ${subdataset} cannot be committed there, and so nothing of it was: ${wordsFor(why)}`,
}

/**
 * A note of the engine in words: what happened, to which job or path, and what to do next. Whatever its facts hold is
 * made fit for a terminal: names of files are anybody's. Only a scheduler's own words keep their lines.
 */
export function wordsFor(note: Note): string {
  // A table by kind cannot tell the compiler that a note and its own function belong together.
  const words = table[note.kind] as (facts: Note) => string
  return words(safeFacts(note) as Note)
}

/** What other programs said: their words may be several lines. */
const spoken: ReadonlySet<string> = new Set(['message', 'detail', 'why'])

/** Facts made fit for a terminal, names of files and what other programs said included. */
export function safeFacts(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    if (key === 'words') return printableLines(value)
    return printable(spoken.has(key) ? value.trim().replaceAll(/\s*\n\s*/g, '; ') : value)
  }
  if (Array.isArray(value)) return value.map((item: unknown) => safeFacts(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, fact]) => [name, safeFacts(fact, name)]))
}
