import { ok, type Fallible } from '../contract/fallible.ts'
import { keyOfPointer } from './annex-key.ts'
import { coveringPrefixes } from './covering-prefixes.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readIndexEntries } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { readObjects, readSizes } from './objects.ts'
import type { StagedFile } from './stage.ts'
import { rawChanges } from './tree.ts'

/**
 * Those regular files that git itself takes for unchanged since they were added to the user's index, with their entries
 * there. Reads stat data, no content. Files with assume-unchanged or skip-worktree are left out: of them git knows nothing.
 */
export async function unchangedSinceIndexed(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<readonly StagedFile[], DatasetFailure>> {
  if (paths.length === 0) return ok([])
  const prefixes = coveringPrefixes(paths) ?? []
  const changed = new Set<string>()
  const [entries, diff] = await Promise.all([
    readIndexEntries(dataset, paths),
    git(dataset, ['diff-files', '--raw', '-z', '--no-renames', '--ignore-submodules', '--', ...prefixes], {
      literal: true,
      pieces: rawChanges(({ path }) => changed.add(path)),
    }),
  ])
  if (!entries.ok) return entries
  if (!diff.ok) return diff
  const same = [...entries.value.values()].filter(
    (entry) =>
      entry.stage === 0 &&
      !entry.skipWorktree &&
      !entry.assumeUnchanged &&
      entry.mode.startsWith('100') &&
      !changed.has(entry.path),
  )
  const keys = await pointerKeys(dataset, same)
  return keys.ok
    ? ok(same.map(({ path, mode, oid }) => ({ path, mode, oid, key: keys.value.get(path) ?? null })))
    : keys
}

/** The annex keys of those entries that are pointers, by path: unlocked annexed files. Large blobs are not read. */
export async function pointerKeys(
  dataset: Dataset,
  entries: readonly { readonly path: string; readonly mode: string; readonly oid: string }[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const regular = dataset.annex === null ? [] : entries.filter((entry) => entry.mode.startsWith('100'))
  const sizes = await readSizes(
    dataset,
    regular.map((entry) => entry.oid),
  )
  if (!sizes.ok) return sizes
  // Keys are file names: with the pointer's prefix they stay far below this.
  const small = regular.filter((_, i) => (sizes.value[i] ?? Infinity) <= 1024)
  const objects = await readObjects(
    dataset,
    small.map((entry) => entry.oid),
  )
  if (!objects.ok) return objects
  const keys = new Map<string, string>()
  for (const [i, entry] of small.entries()) {
    const key = keyOfPointer(objects.value[i]?.content ?? '')
    if (key !== null) keys.set(entry.path, key)
  }
  return ok(keys)
}
