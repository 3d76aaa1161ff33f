import { ok, type Fallible } from '../../contract/fallible.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { readObjects } from '../../dataset/objects.ts'
import { visitTree } from '../../dataset/tree-content.ts'

/** What a tree holds under a name: a file or symlink, a folder, or a submodule's commit. */
export interface TreeEntry {
  readonly oid: string
  readonly type: 'blob' | 'tree' | 'commit'
}

/** So many trees are asked for at once: of very many the contents would not fit in memory together. */
const atOnce = 5000

/** Reads trees by their ids, the entries of each by name in git's order. Ids of nothing are absent. */
export async function readTrees(
  dataset: Dataset,
  oids: ReadonlySet<string>,
): Promise<Fallible<ReadonlyMap<string, ReadonlyMap<string, TreeEntry>>, DatasetFailure>> {
  const trees = new Map<string, ReadonlyMap<string, TreeEntry>>()
  const list = [...oids]
  for (let from = 0; from < list.length; from += atOnce) {
    const read = await readObjects(dataset, list.slice(from, from + atOnce))
    if (!read.ok) return read
    for (const object of read.value) {
      if (object?.type === 'tree') trees.set(object.oid, parseTree(object.content, object.oid.length / 2))
    }
  }
  return ok(trees)
}

function parseTree(content: Buffer, idBytes: number): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>()
  visitTree(content, idBytes, ({ mode, name, oid }) => {
    const type = mode === '40000' ? 'tree' : mode === '160000' ? 'commit' : 'blob'
    entries.set(name, { type, oid: oid() })
  })
  return entries
}
