import { existsSync, readlinkSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { contentMatches, sizeOfKey } from './annex-key.ts'
import { readAnnexedFile } from './annexed-file.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import type { Dataset } from './locate.ts'
import { putInPlace, temporaryPath, type TemporaryPlace } from './temporary-file.ts'
import { stampOf, type WritableNote } from './writable.ts'

/** What came of one file that was made writable. */
export interface PutBack {
  readonly path: string
  readonly outcome:
    /** The symlink is back (or was never away). */
    | 'restored'
    /** The job wrote other content: left as it is. */
    | 'changed'
    /** The job deleted the file, or put something else there: left as it is. */
    | 'gone'
    /** The same content, but the annex no longer has it: the file is the only copy, and stays. */
    | 'only-copy'
}

/**
 * Brings back the symlinks of files that the job did not change: untouched since they were made writable, or with the
 * content of the same key. A link removed because its content was absent comes back when nothing took its place.
 */
export async function putBack(
  dataset: Dataset,
  notes: readonly WritableNote[],
  place: TemporaryPlace,
): Promise<Fallible<readonly PutBack[], DatasetFailure>> {
  const done: PutBack[] = []
  try {
    for (const note of notes) done.push({ path: note.path, outcome: await one(dataset, note, place) })
  } catch (error) {
    return fail(fromSystem('symlink', error))
  }
  return ok(done)
}

async function one(dataset: Dataset, note: WritableNote, place: TemporaryPlace): Promise<PutBack['outcome']> {
  const absolute = join(dataset.root, note.path)
  const stat = fileStatus(absolute)
  if (stat?.isSymbolicLink()) return readlinkSync(absolute) === note.target ? 'restored' : 'gone'
  if (stat === undefined) {
    if (note.made !== null || !existsSync(dirname(absolute))) return 'gone'
    link(dataset, note, absolute, place)
    return 'restored'
  }
  if (!stat.isFile()) return 'gone'
  // `git annex drop` meanwhile makes a pointer of an unchanged copy: no content is lost with it.
  if (readAnnexedFile(dataset, note.path)?.key === note.key) {
    link(dataset, note, absolute, place)
    return 'restored'
  }
  if (!(await isUnchanged(absolute, note))) return 'changed'
  if (!existsSync(resolve(dirname(absolute), note.target))) return 'only-copy'
  link(dataset, note, absolute, place)
  return 'restored'
}

async function isUnchanged(absolute: string, note: WritableNote): Promise<boolean> {
  const now = stampOf(absolute)
  if (now === null) return false
  if (note.made !== null && JSON.stringify(now) === JSON.stringify(note.made)) return true
  const size = sizeOfKey(note.key)
  if (size !== null && size !== now.size) return false
  // A key that is no hash of the content (WORM, URL) proves nothing: then the file counts as changed.
  return (await contentMatches(absolute, note.key)) === true
}

function link(dataset: Dataset, note: WritableNote, absolute: string, place: TemporaryPlace): void {
  const temporary = temporaryPath(dataset, absolute, place)
  symlinkSync(note.target, temporary)
  putInPlace(temporary, absolute, null)
}
