import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure } from './failure.ts'
import type { Dataset } from './locate.ts'
import { readSizes } from './objects.ts'
import { below, within, type Subdatasets } from './subdatasets.ts'
import { listTree, type Entry } from './tree.ts'

/** Those of some paths that one dataset holds. `paths` are relative to its root, in the order given. */
export interface Part {
  readonly at: string
  readonly dataset: Dataset
  readonly paths: readonly string[]
}

/** Which commit of a dataset is meant, by its path; null: none, and it has no entries. */
export type CommitAt = (at: string) => Promise<Fallible<CommitId | null, DatasetFailure>>

/** Parts paths of the top dataset by the dataset that holds them; the top one itself comes first. */
export async function partByDataset(
  subdatasets: Subdatasets,
  paths: readonly string[],
): Promise<Fallible<readonly Part[], DatasetFailure>> {
  const parts: Part[] = []
  const groups = Map.groupBy(paths, (path) => subdatasets.holder(path))
  for (const at of [...groups.keys()].toSorted()) {
    const dataset = await subdatasets.open(at)
    if (!dataset.ok) return dataset
    parts.push({
      at,
      dataset: dataset.value,
      paths: (groups.get(at) ?? []).map((path) => within(at, path)),
    })
  }
  return ok(parts)
}

/**
 * What commits hold at and below the given paths (`.`: the whole dataset), each subdataset's entries from a commit of its
 * own. `inside` names subdatasets that are listed too where they lie at or below one of the paths.
 */
export async function listAcross(
  subdatasets: Subdatasets,
  commitAt: CommitAt,
  paths: readonly string[],
  inside: Iterable<string> = [],
): Promise<Fallible<readonly Entry[], DatasetFailure>> {
  const wanted = Map.groupBy(paths, (path) => subdatasets.holder(path))
  for (const at of inside)
    if (paths.some((path) => path === '.' || path === at || at.startsWith(`${path}/`))) wanted.set(at, [at])
  const entries: Entry[] = []
  for (const [at, here] of wanted) {
    const commit = await commitAt(at)
    if (!commit.ok) return commit
    if (commit.value === null) continue
    const dataset = await subdatasets.open(at)
    if (!dataset.ok) return dataset
    const listed = await listTree(
      dataset.value,
      commit.value,
      here.map((path) => within(at, path)),
    )
    if (!listed.ok) return listed
    for (const entry of listed.value) entries.push({ ...entry, path: below(at, entry.path) })
  }
  return ok(entries)
}

/** The commits of subdatasets that a commit of the top one points to; null for one that is not here, too. */
export function pointedTo(subdatasets: Subdatasets, commit: CommitId | null): CommitAt {
  const known = new Map<string, Promise<Fallible<CommitId | null, DatasetFailure>>>()
  const find = async (at: string): Promise<Fallible<CommitId | null, DatasetFailure>> => {
    if (at === '') return ok(commit)
    const pointer = await pointerTo(subdatasets, commitAt, at)
    if (!pointer.ok || pointer.value === null) return pointer
    const dataset = await subdatasets.open(at)
    if (!dataset.ok) return dataset
    const [size] = (await readSizesOf(dataset.value, pointer.value)) ?? []
    return ok(size === null || size === undefined ? null : pointer.value)
  }
  const commitAt: CommitAt = async (at) => {
    const found = known.get(at) ?? find(at)
    known.set(at, found)
    return found
  }
  return commitAt
}

/** Which commit the dataset above a subdataset points to, at the commit meant of it; null: none. */
export async function pointerTo(
  subdatasets: Subdatasets,
  commitAt: CommitAt,
  at: string,
): Promise<Fallible<CommitId | null, DatasetFailure>> {
  const listed = await listAcross(subdatasets, commitAt, [at])
  if (!listed.ok) return listed
  const entry = listed.value.find(({ path, mode }) => path === at && mode === '160000')
  return ok(entry === undefined ? null : (entry.oid as CommitId))
}

async function readSizesOf(dataset: Dataset, oid: string): Promise<readonly (number | null)[] | null> {
  const sizes = await readSizes(dataset, [oid])
  return sizes.ok ? sizes.value : null
}
