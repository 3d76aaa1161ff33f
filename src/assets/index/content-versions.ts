import { ok, type Fallible } from '../../contract/fallible.ts'
import { keyOfLink, keyOfPointer } from '../../dataset/annex-key.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import { git } from '../../dataset/git.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { readObjects, readSizes } from '../../dataset/objects.ts'
import { versionOf } from '../versions/version.ts'
import { readTrees, type TreeEntry } from './read-trees.ts'

/** Links and pointers of git-annex stay far below this: keys are names of files. */
const mostOfPointer = 1024

/**
 * What things in git hold, by their ids, as texts in which content alone counts: an annexed file is its key, locked or not,
 * and whether a file may be executed makes no difference.
 */
export async function contentsOf(
  dataset: Dataset,
  things: Iterable<TreeEntry>,
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const known = new Map<string, string>()
  const blobs = new Set<string>()
  const trees = new Map<string, ReadonlyMap<string, TreeEntry>>()
  const place = ({ type, oid }: TreeEntry, level: Set<string>): void => {
    if (type === 'blob') blobs.add(oid)
    else if (type === 'commit') known.set(oid, `commit ${oid}`)
    else if (!trees.has(oid)) level.add(oid)
  }
  let level = new Set<string>()
  for (const thing of things) place(thing, level)
  const levels: ReadonlySet<string>[] = []
  while (level.size > 0) {
    levels.unshift(level)
    const read = await readTrees(dataset, level)
    if (!read.ok) return read
    for (const [oid, entries] of read.value) trees.set(oid, entries)
    const next = new Set<string>()
    for (const entries of read.value.values()) for (const entry of entries.values()) place(entry, next)
    level = next
  }
  const keys = await annexKeys(dataset, [...blobs])
  if (!keys.ok) return keys
  for (const oid of blobs) known.set(oid, keys.value.get(oid) ?? `blob ${oid}`)
  // A tree may hang at two depths: what lies in it is known when the deeper one has been.
  const textOf = (oid: string): string => {
    const before = known.get(oid)
    if (before !== undefined) return before
    const entries = [...(trees.get(oid) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))
    const text = `tree ${versionOf(entries.flatMap(([name, entry]) => [name, textOf(entry.oid)]))}`
    known.set(oid, text)
    return text
  }
  for (const oids of levels) for (const oid of oids) textOf(oid)
  return ok(known)
}

/** The keys of those blobs that are links or pointers of git-annex. Where it was never used, none is looked at. */
async function annexKeys(
  dataset: Dataset,
  oids: readonly string[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const keys = new Map<string, string>()
  if (oids.length === 0) return ok(keys)
  const used = dataset.annex === null ? await hasAnnexBranch(dataset) : ok(true)
  if (!used.ok) return used
  if (!used.value) return ok(keys)
  const sizes = await readSizes(dataset, oids)
  if (!sizes.ok) return sizes
  const small = oids.filter((_, i) => (sizes.value[i] ?? Infinity) <= mostOfPointer)
  const objects = await readObjects(dataset, small)
  if (!objects.ok) return objects
  for (const object of objects.value) {
    const key = object === null ? null : keyOf(object.content)
    if (object !== null && key !== null) keys.set(object.oid, `key ${key}`)
  }
  return ok(keys)
}

/** A clone of a dataset in which git-annex was not initialised holds its files all the same. */
async function hasAnnexBranch(dataset: Dataset): Promise<Fallible<boolean, DatasetFailure>> {
  const patterns = ['refs/heads/git-annex', 'refs/remotes/*/git-annex']
  const refs = await git(dataset, ['for-each-ref', '--count=1', '--format=x', ...patterns])
  return refs.ok ? ok(refs.value.stdout.length > 0) : refs
}

function keyOf(content: Buffer): string | null {
  const pointer = keyOfPointer(content)
  if (pointer !== null) return pointer
  const text = content.toString('utf8')
  return /^(?:\.\.\/)*\.git\/annex\/objects\/[^\n]+$/.test(text) ? keyOfLink(text) : null
}
