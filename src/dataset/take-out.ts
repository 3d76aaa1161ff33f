import { rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { readIndexEntries, type IndexEntry } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { matchingFiles } from './matching-files.ts'
import { stands } from './next-index.ts'
import { placeFromIndex } from './place-from-index.ts'
import { changesOf, type Change, type Entry } from './tree.ts'

/** Files that are not to be touched, and folders that somebody needs although they are empty. Root-relative. */
export interface Spared {
  readonly file: (path: string) => boolean
  readonly folder: (path: string) => boolean
}

/** A file that stayed in the work tree although another branch has it, and why. */
export interface LeftFile {
  readonly path: string
  readonly why:
    /** It is not (any more) what the commit holds. */
    | 'differs'
    /** A merge waits at this path, or git was told not to look at it. */
    | 'not-settled'
    /** What the index holds there has no room: a folder on the way is none, or something stands there. */
    | 'no-room'
    | 'no-permission'
}

/** What came of it. */
export interface TakenOut {
  readonly left: readonly LeftFile[]
  /** The entries of the index at all those paths: what stands there now, or did already. */
  readonly tracked: readonly Entry[]
}

/**
 * Makes the work tree what the index says at the paths that these commits change in their common parent: files that only
 * they hold go, with the folders that are empty then; tracked ones come back. Only what is exactly what the commit holds
 * is touched. May be killed and called again. The index is not changed; its lock should be held.
 */
export async function takeOut(
  dataset: Dataset,
  commits: readonly CommitId[],
  operation: string,
  spared: Spared,
): Promise<Fallible<TakenOut, DatasetFailure>> {
  const changes = await changesOf(dataset, commits)
  if (!changes.ok) return changes
  const entries = await readIndexEntries(
    dataset,
    changes.value.map(({ path }) => path),
  )
  if (!entries.ok) return entries
  const due = changes.value.filter((change) => isDue(change, entries.value.get(change.path), spared))
  const left: LeftFile[] = due
    .filter(({ path }) => isUnsettled(entries.value.get(path)))
    .map(({ path }) => ({ path, why: 'not-settled' }))
  const mine = due.filter(({ path }) => !isUnsettled(entries.value.get(path)))
  const present = mine.filter(({ path }) => fileStatus(join(dataset.root, path)) !== undefined)
  const recorded = await matchingFiles(dataset, present.flatMap(recordedEntry), operation)
  if (!recorded.ok) return recorded
  const others = present.filter(({ path }) => !recorded.value.has(path))
  const entriesAt = (some: readonly Change[]): readonly Entry[] =>
    some.flatMap(({ path }) => entries.value.get(path) ?? [])
  const back = await matchingFiles(dataset, entriesAt(others), operation)
  if (!back.ok) return back
  // A folder that has taken the place of a tracked file goes with what the job made in it.
  const isFolder = ({ path }: Change): boolean => fileStatus(join(dataset.root, path))?.isDirectory() === true
  left.push(
    ...others
      .filter((change) => !back.value.has(change.path) && !(change.after === null && isFolder(change)))
      .map(({ path }) => ({ path, why: 'differs' }) as const),
  )
  try {
    left.push(...remove(dataset, [...recorded.value]))
    // Of all that were recorded: one that was killed may have removed the last file of a folder.
    removeEmptyFolders(dataset, mine.flatMap(recordedEntry), spared)
  } catch (error) {
    return fail(fromSystem('unlink', error))
  }
  const stayed = new Set(left.map(({ path }) => path))
  const wanted = mine.filter(({ path }) => {
    const entry = entries.value.get(path)
    return entry !== undefined && !entry.skipWorktree && !stayed.has(path) && !back.value.has(path)
  })
  const placed = await placeFromIndex(dataset, entriesAt(wanted), operation)
  if (!placed.ok) return placed
  left.push(...placed.value.map((path) => ({ path, why: 'no-room' }) as const))
  return ok({ left, tracked: entriesAt(mine) })
}

/** Whether the index says something else than the commit does. A submodule is left to the user's own git. */
function isDue(change: Change, entry: IndexEntry | undefined, spared: Spared): boolean {
  const modes = [change.before?.mode, change.after?.mode, entry?.mode]
  return !modes.includes('160000') && !stands(entry, change.after) && !spared.file(change.path)
}

function isUnsettled(entry: IndexEntry | undefined): boolean {
  return entry !== undefined && (entry.stage !== 0 || entry.assumeUnchanged)
}

function recordedEntry({ path, after }: Change): readonly Entry[] {
  return after === null ? [] : [{ path, ...after }]
}

function remove(dataset: Dataset, paths: readonly string[]): readonly LeftFile[] {
  const left: LeftFile[] = []
  for (const path of paths) {
    try {
      unlinkSync(join(dataset.root, path))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EACCES' && code !== 'EPERM') throw error
      left.push({ path, why: 'no-permission' })
    }
  }
  return left
}

function removeEmptyFolders(dataset: Dataset, files: readonly Entry[], spared: Spared): void {
  const folders = new Set<string>()
  for (const { path } of files) {
    for (let folder = dirname(path); folder !== '.' && !folders.has(folder); folder = dirname(folder))
      folders.add(folder)
  }
  const depth = (folder: string): number => folder.split('/').length
  for (const folder of [...folders].toSorted((a, b) => depth(b) - depth(a))) {
    if (spared.folder(folder)) continue
    try {
      rmdirSync(join(dataset.root, folder))
    } catch (error) {
      if (!stays.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/** What rmdir says of a folder that is not empty, not there, no folder, in use, or not ours. */
const stays = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY', 'EINVAL', 'EACCES', 'EPERM'])
