import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { entryHead } from './entry-head.ts'
import type { DatasetFailure } from './failure.ts'
import type { Pieces } from '../process/run.ts'
import { chunks, git } from './git.ts'
import type { Dataset } from './locate.ts'
import { readObjects } from './objects.ts'
import { visitTree } from './tree-content.ts'

/** A file, symlink or submodule as a tree or an index holds it. `mode` is octal: 100644, 100755, 120000, 160000. */
export interface Entry {
  readonly path: string
  readonly mode: string
  readonly oid: string
}

/** What differs between two commits at one path; null where there is nothing. */
export interface Change {
  readonly path: string
  readonly before: Omit<Entry, 'path'> | null
  readonly after: Omit<Entry, 'path'> | null
}

/**
 * The entries of a commit at and below the given paths (`.` or none at all: every one). An unborn branch (null) has none.
 * Reads only the trees on the way; one git process for each 100 kB of paths.
 */
export async function listTree(
  dataset: Dataset,
  commit: CommitId | null,
  paths: readonly string[] = [],
): Promise<Fallible<readonly Entry[], DatasetFailure>> {
  if (commit === null) return ok([])
  const held = await listHeld(dataset, commit, paths)
  if (!held.ok) return held
  if (held.value !== null) return ok(held.value)
  const entries: Entry[] = []
  const lists = paths.length === 0 || paths.includes('.') ? [[]] : chunks(paths)
  for (const list of lists) {
    // ls-tree(1) knows no pathspecs: its arguments are names already.
    const listed = await git(dataset, ['ls-tree', '-r', '-z', '--full-tree', commit, '--', ...list], {
      pieces: { end: '\0', take: (line) => entries.push(parseEntry(line)) },
    })
    if (!listed.ok) return listed
  }
  return ok(entries)
}

/** Of so many paths the folders are read by a process that is there already. */
const fewPaths = 100

/**
 * The entries of few paths that are files, by the folders that they lie in, where a process for objects is held; null where
 * git has to find out: it lists what lies below a path, and says which paths it cannot read.
 */
async function listHeld(
  dataset: Dataset,
  commit: CommitId,
  paths: readonly string[],
): Promise<Fallible<readonly Entry[] | null, DatasetFailure>> {
  const isPlain = (path: string): boolean =>
    !/[\n\r]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (dataset.objects === undefined || paths.length === 0 || paths.length > fewPaths || !paths.every(isPlain))
    return ok(null)
  const folders = Map.groupBy(new Set(paths), (path) => path.slice(0, path.lastIndexOf('/') + 1))
  const list = [...folders]
  const names = list.map(([folder]) => `${commit}:${folder.slice(0, -1)}`)
  const trees = await readObjects(dataset, names)
  if (!trees.ok) return trees
  const entries: Entry[] = []
  let hasFolders = false
  for (const [i, [folder, own]] of list.entries()) {
    const tree = trees.value[i]
    if (tree?.type !== 'tree') continue
    const wanted = new Set(own)
    visitTree(tree.content, tree.oid.length / 2, ({ mode, name, oid }) => {
      const path = `${folder}${name}`
      if (!wanted.has(path)) return
      hasFolders ||= mode === '40000'
      entries.push({ path, mode, oid: oid() })
    })
  }
  return ok(hasFolders ? null : entries)
}

/** What differs from one commit to another (null: the empty tree), without guesses about renames. */
export async function diffTrees(
  dataset: Dataset,
  from: CommitId | null,
  to: CommitId,
): Promise<Fallible<readonly Change[], DatasetFailure>> {
  if (from === null) {
    const all = await listTree(dataset, to)
    return all.ok ? ok(all.value.map(({ path, ...after }) => ({ path, before: null, after }))) : all
  }
  const changes: Change[] = []
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-ext-diff', from, to]
  const diff = await git(dataset, args, { pieces: rawChanges((change) => changes.push(change)) })
  return diff.ok ? ok(changes) : diff
}

/** What commits of one parent change in it, by one process for all; a path that several change comes once. */
export async function changesOf(
  dataset: Dataset,
  commits: readonly CommitId[],
): Promise<Fallible<readonly Change[], DatasetFailure>> {
  if (commits.length === 0) return ok([])
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-ext-diff', '--no-commit-id']
  const changes = new Map<string, Change>()
  const diff = await git(dataset, [...args, '--stdin'], {
    input: commits.map((commit) => `${commit}\n`),
    pieces: rawChanges((change) => changes.set(change.path, change)),
  })
  return diff.ok ? ok([...changes.values()]) : diff
}

/** `mode type oid TAB path`, as `ls-tree -z` prints it. */
function parseEntry(line: Buffer): Entry {
  const {
    words: [mode = '', , oid = ''],
    end,
  } = entryHead(line)
  return { path: line.toString('utf8', end + 1), mode, oid }
}

/** Reads `:mode mode oid oid status NUL path NUL`, as `--raw -z` prints it. */
export function rawChanges(found: (change: Change) => void): Pieces {
  let head: readonly string[] | null = null
  return {
    end: '\0',
    take: (piece) => {
      if (head === null) {
        head = entryHead(piece, 1).words
        return
      }
      const [before = '', after = '', oldOid = '', newOid = ''] = head
      head = null
      found({
        path: piece.toString('utf8'),
        before: before === '000000' ? null : { mode: before, oid: oldOid },
        after: after === '000000' ? null : { mode: after, oid: newOid },
      })
    },
  }
}
