import {
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { sizeOfKey } from './annex-key.ts'
import { readAnnexedFile } from './annexed-file.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import type { Dataset } from './locate.ts'
import { putInPlace, temporaryPath, type TemporaryPlace } from './temporary-file.ts'

/** An annexed symlink that is to become a file of the user's own. */
export interface WritableEntry {
  readonly path: string
  readonly key: string
  /** The symlink's text, to be put back. */
  readonly target: string
  /** Bytes to be copied; null when the content is not here: then there is nothing to copy. */
  readonly size: number | null
}

/** What making outputs writable would take. */
export interface WritablePlan {
  readonly entries: readonly WritableEntry[]
  /** Bytes of content, of those that are here. */
  readonly bytes: number
  /** The file system shares blocks between copies: no space is needed, and no time. */
  readonly reflink: boolean
  /** Bytes free for this user. */
  readonly free: number
}

/** What was done with one entry: what is needed to tell later whether the job changed it, and to put it back. */
export interface WritableNote {
  readonly path: string
  readonly key: string
  readonly target: string
  /** The writable copy as it was made; null when the link was removed and nothing put in its place. */
  readonly made: FileStamp | null
}

/** Tells whether a file was touched. Numbers beyond 2^53 as decimal text. */
export interface FileStamp {
  readonly dev: string
  readonly ino: string
  readonly mtimeNs: string
  readonly ctimeNs: string
  readonly size: number
}

/** Looks which of these files are locked annexed ones, which alone cannot be written. Changes nothing that stays. */
export function planWritable(
  dataset: Dataset,
  paths: Iterable<string>,
  place: TemporaryPlace,
): Fallible<WritablePlan, DatasetFailure> {
  const entries: WritableEntry[] = []
  for (const path of paths) {
    const file = readAnnexedFile(dataset, path)
    if (file === null || file.target === null) continue
    const size = file.object === null ? null : (sizeOfKey(file.key) ?? statSync(file.object).size)
    entries.push({ path, key: file.key, target: file.target, size })
  }
  const bytes = entries.reduce((sum, entry) => sum + (entry.size ?? 0), 0)
  if (entries.length === 0) return ok({ entries, bytes, reflink: false, free: 0 })
  try {
    const { bavail, bsize } = statfsSync(dataset.root)
    return ok({
      entries,
      bytes,
      reflink: bytes > 0 && canReflink(dataset, entries, place),
      free: bavail * bsize,
    })
  } catch (error) {
    return fail(fromSystem('statfs', error))
  }
}

/**
 * Puts a writable copy in the place of each symlink, atomically; the index is not touched and the content stays in the
 * annex. Where the content is absent the link is removed. `keep` is given each note before its file is touched (`made`
 * null: after a kill, `putBack` then finds out by content) and again when the copy is in place.
 */
export async function makeWritable(
  dataset: Dataset,
  entries: readonly WritableEntry[],
  place: TemporaryPlace,
  keep: (note: WritableNote) => void,
): Promise<Fallible<readonly WritableNote[], DatasetFailure>> {
  const notes: WritableNote[] = []
  try {
    for (const { path, key, target, size } of entries) {
      const absolute = join(dataset.root, path)
      const before = { path, key, target, made: null }
      keep(before)
      if (size === null) {
        unlinkSync(absolute)
        notes.push(before)
        continue
      }
      await replaceByCopy(dataset, absolute, place)
      const note = { ...before, made: stampOf(absolute) }
      keep(note)
      notes.push(note)
    }
  } catch (error) {
    return fail(fromSystem('copy', error))
  }
  return ok(notes)
}

/** The stamp of a regular file, or null for anything else. */
export function stampOf(file: string): FileStamp | null {
  if (fileStatus(file) === undefined) return null
  const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false })
  if (!stat?.isFile()) return null
  const { dev, ino, mtimeNs, ctimeNs, size } = stat
  return { dev: `${dev}`, ino: `${ino}`, mtimeNs: `${mtimeNs}`, ctimeNs: `${ctimeNs}`, size: Number(size) }
}

async function replaceByCopy(dataset: Dataset, absolute: string, place: TemporaryPlace): Promise<void> {
  const temporary = temporaryPath(dataset, absolute, place)
  // A new empty file tells the mode that the umask leaves; copyFile would bring the object's read-only one.
  writeFileSync(temporary, '', { flag: 'wx', mode: 0o666 })
  const { mode } = statSync(temporary)
  const object = statSync(absolute)
  await copyFile(absolute, temporary, constants.COPYFILE_FICLONE)
  putInPlace(temporary, absolute, { mode: mode | (object.mode & 0o111), mtime: object.mtime })
}

/** Tries on one small piece: whether it works depends on the file system and on nothing else. */
function canReflink(dataset: Dataset, entries: readonly WritableEntry[], place: TemporaryPlace): boolean {
  const sample = entries.find((entry) => entry.size !== null)
  if (sample === undefined) return false
  const source = temporaryPath(dataset, join(dataset.root, sample.path), place)
  const copy = `${source}-copy`
  try {
    mkdirSync(dirname(source), { recursive: true })
    writeFileSync(source, 'x'.repeat(4096), { flag: 'wx' })
    copyFileSync(source, copy, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  } finally {
    rmSync(source, { force: true })
    rmSync(copy, { force: true })
  }
}
