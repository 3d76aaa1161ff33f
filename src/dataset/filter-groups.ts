import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import type { Dataset } from './locate.ts'
import { readSizes } from './objects.ts'
import type { Change } from './tree.ts'

/** Configuration for an index of our own: hooks are for the user's commands. */
export const quiet = [['core.hooksPath', '/dev/null'] as const]

/** The same without git-annex's filter. `process` is asked before `clean`, and an empty one means no filter at all (convert.c). */
export const withoutAnnex = [
  ...quiet,
  ['filter.annex.process', ''] as const,
  ['filter.annex.clean', ''] as const,
]

/** How files of the work tree are compared with what a tree is to hold. */
export interface FilterGroups {
  /** Nothing in the work tree could be it. */
  readonly exact: readonly Change[]
  /** Its bytes are the blob: to be read with `withoutAnnex`. */
  readonly raw: readonly string[]
  /** Through all filters: unlocked annexed files, whose content git-annex knows without reading it; LFS. */
  readonly filtered: readonly string[]
}

/** Sorts changes by what stands in the work tree now, and what they are to make of it. */
export async function filterGroups(
  dataset: Dataset,
  changes: readonly Change[],
): Promise<Fallible<FilterGroups, DatasetFailure>> {
  const groups = { exact: [] as Change[], raw: [] as string[], filtered: [] as string[] }
  const regular: { path: string; oid: string; size: number }[] = []
  for (const change of changes) {
    const stat = lstat(join(dataset.root, change.path))
    const mode = change.after?.mode ?? ''
    if (stat?.isSymbolicLink() && mode === '120000') groups.raw.push(change.path)
    else if (stat?.isFile() && mode.startsWith('100')) {
      regular.push({ path: change.path, oid: change.after?.oid ?? '', size: stat.size })
    } else groups.exact.push(change)
  }
  if (dataset.annex === null) return ok({ ...groups, filtered: regular.map((one) => one.path) })
  const sizes = await readSizes(
    dataset,
    regular.map((one) => one.oid),
  )
  if (!sizes.ok) return sizes
  // A large file must not be hashed, let alone stored, as if its own bytes were the blob.
  for (const [i, one] of regular.entries())
    (sizes.value[i] === one.size ? groups.raw : groups.filtered).push(one.path)
  return ok(groups)
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
