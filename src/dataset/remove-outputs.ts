import { lstatSync, readlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { blobId } from './blob-id.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { readIndexEntries } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { unchangedSinceIndexed } from './unchanged.ts'

/** What came of one file that was to make room for a fresh one. Kept are those that git could not give back. */
export interface RemovedOutput {
  readonly path: string
  readonly outcome: 'removed' | 'kept-untracked' | 'kept-changed'
}

/**
 * Removes files from the work tree that are in the index as they stand: annexed links (the content stays in the annex)
 * and plain files without changes. The index is not touched; nothing is removed that git does not hold.
 */
export async function removeOutputs(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<readonly RemovedOutput[], DatasetFailure>> {
  const entries = await readIndexEntries(dataset, paths)
  if (!entries.ok) return entries
  const tracked = paths.filter((path) => entries.value.has(path))
  const unchanged = await unchangedSinceIndexed(dataset, tracked)
  if (!unchanged.ok) return unchanged
  const safe = new Set(unchanged.value.map((entry) => entry.path))
  const done: RemovedOutput[] = []
  try {
    for (const path of paths) {
      const absolute = join(dataset.root, path)
      const entry = entries.value.get(path)
      const stat = lstatSync(absolute, { throwIfNoEntry: false })
      if (stat === undefined) continue
      const sameLink =
        stat.isSymbolicLink() && entry?.oid === blobId(dataset.objectFormat, readlinkSync(absolute, 'buffer'))
      if (entry === undefined) done.push({ path, outcome: 'kept-untracked' })
      else if (!sameLink && !safe.has(path)) done.push({ path, outcome: 'kept-changed' })
      else {
        unlinkSync(absolute)
        done.push({ path, outcome: 'removed' })
      }
    }
  } catch (error) {
    return fail(fromSystem('unlink', error))
  }
  return ok(done)
}
