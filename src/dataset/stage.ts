import { mkdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { keyOfLink } from './annex-key.ts'
import { blobId } from './blob-id.ts'
import { coveringPrefixes } from './covering-prefixes.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { visitIndexEntries } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { addByAnnex } from './stage-by-annex.ts'
import { addByGit } from './stage-by-git.ts'
import { listTree, type Entry } from './tree.ts'
import { unchangedSinceIndexed } from './unchanged.ts'
import { ignoredPaths } from './ignored.ts'

/** A file whose content is stored; its mode and id can go into a tree. `key`: where git-annex keeps the content. */
export interface StagedFile extends Entry {
  readonly key: string | null
}

/** A file that could not be stored, and why. `message` is git's or git-annex's own, where there is one. */
export interface RefusedFile {
  readonly path: string
  readonly why: 'ignored' | 'vanished' | 'changed' | 'no-permission' | 'not-a-file' | 'other'
  readonly message: string
}

/** What came of each path: one or the other. */
export interface Stage {
  readonly staged: readonly StagedFile[]
  readonly refused: readonly RefusedFile[]
}

/** What is to be stored. */
export interface StageRequest {
  /** Root-relative files and symlinks, each once, none beyond a symlink or in another repository. */
  readonly paths: readonly string[]
  /** A word of letters, digits, `-` for our private index; nobody else uses it at this time. */
  readonly operation: string
  readonly head: CommitId | null
  /** Store what .gitignore hides, too. */
  readonly force: boolean
}

/**
 * Stores the content of files, as git-annex (where it is initialised) or git with its filters decides, without touching
 * the user's index: at most one process of each kind however many files there are, and none for those that HEAD holds
 * unchanged. A locked annexed file is a symlink in the work tree afterwards; one that was unlocked stays so.
 */
export async function stage(
  dataset: Dataset,
  request: StageRequest,
): Promise<Fallible<Stage, DatasetFailure>> {
  if (request.paths.length === 0) return ok({ staged: [], refused: [] })
  const [head, ignored] = await Promise.all([
    entriesInHead(dataset, request),
    request.force ? ok(new Set<string>()) : ignoredPaths(dataset, request.paths),
  ])
  if (!head.ok) return head
  if (!ignored.ok) return ignored
  const { links, files, staged, refused } = sort(dataset, request.paths, head.value, ignored.value)
  const known = await unchangedSinceIndexed(
    dataset,
    files.filter((path) => head.value.has(path)),
  )
  if (!known.ok) return known
  // A call has room for a hundred thousand arguments, and there may be more.
  for (const entry of known.value) staged.push(entry)
  const done = new Set(known.value.map((entry) => entry.path))
  const work = {
    dataset,
    index: join(dataset.gitDir, 'waybill', `index-${request.operation}`),
    head: head.value,
  }
  const added = await addAll(
    work,
    links,
    files.filter((path) => !done.has(path)),
  )
  return added.ok
    ? ok({ staged: [...staged, ...added.value.staged], refused: [...refused, ...added.value.refused] })
    : added
}

/** What both ways of adding need to know. */
export interface StageWork {
  readonly dataset: Dataset
  /** Path of the private index. */
  readonly index: string
  readonly head: ReadonlyMap<string, Entry>
}

/** What an adder says of each path: null when it believes that the path is in the private index now. */
export interface Added {
  readonly refused: readonly RefusedFile[]
  readonly keys: ReadonlyMap<string, string>
}

async function addAll(
  work: StageWork,
  links: readonly string[],
  files: readonly string[],
): Promise<Fallible<Stage, DatasetFailure>> {
  if (links.length + files.length === 0) return ok({ staged: [], refused: [] })
  try {
    mkdirSync(join(work.dataset.gitDir, 'waybill'), { recursive: true })
    removeIndex(work.index)
  } catch (error) {
    return { ok: false, failure: fromSystem('stage', error) }
  }
  try {
    const byGit = await addByGit(work, work.dataset.annex === null ? [...links, ...files] : links)
    if (!byGit.ok) return byGit
    const byAnnex = await addByAnnex(work, work.dataset.annex === null ? [] : files)
    if (!byAnnex.ok) return byAnnex
    const refused = [...byGit.value.refused, ...byAnnex.value.refused]
    // What the adders say is not enough (a batch can be lost with every line saying success): the index is read back.
    const unseen = new Set([...links, ...files])
    for (const { path } of refused) unseen.delete(path)
    const staged: StagedFile[] = []
    const take = ({ path, mode, oid }: Entry): void => {
      const key = byAnnex.value.keys.get(path) ?? (mode === '120000' ? linkKey(work, path) : null)
      staged.push({ path, mode, oid, key })
      unseen.delete(path)
    }
    const visited = await visitIndexEntries(work.dataset, unseen, take, work.index)
    if (!visited.ok) return visited
    for (const path of unseen) refused.push({ path, why: 'other', message: '' })
    return ok({ staged, refused })
  } finally {
    removeIndex(work.index)
  }
}

async function entriesInHead(
  dataset: Dataset,
  request: StageRequest,
): Promise<Fallible<ReadonlyMap<string, Entry>, DatasetFailure>> {
  const listed = await listTree(dataset, request.head, coveringPrefixes(request.paths) ?? request.paths)
  if (!listed.ok) return listed
  const wanted = new Set(request.paths)
  return ok(new Map(listed.value.filter(({ path }) => wanted.has(path)).map((entry) => [entry.path, entry])))
}

function sort(
  dataset: Dataset,
  paths: readonly string[],
  head: ReadonlyMap<string, Entry>,
  ignored: ReadonlySet<string>,
): { links: string[]; files: string[]; staged: StagedFile[]; refused: RefusedFile[] } {
  const sorted = {
    links: [] as string[],
    files: [] as string[],
    staged: [] as StagedFile[],
    refused: [] as RefusedFile[],
  }
  for (const path of paths) {
    const stat = fileStatus(join(dataset.root, path))
    if (stat === undefined) sorted.refused.push({ path, why: 'vanished', message: '' })
    else if (ignored.has(path) && !head.has(path)) sorted.refused.push({ path, why: 'ignored', message: '' })
    else if (stat.isFile()) sorted.files.push(path)
    else if (stat.isSymbolicLink()) {
      const target = readlinkSync(join(dataset.root, path), 'buffer')
      const entry = {
        path,
        mode: '120000',
        oid: blobId(dataset.objectFormat, target),
        key: keyOfLink(target.toString()),
      }
      const before = head.get(path)
      if (before?.mode === entry.mode && before.oid === entry.oid) sorted.staged.push(entry)
      else sorted.links.push(path)
    } else sorted.refused.push({ path, why: 'not-a-file', message: '' })
  }
  return sorted
}

function linkKey(work: StageWork, path: string): string | null {
  if (work.dataset.annex === null) return null
  try {
    return keyOfLink(readlinkSync(join(work.dataset.root, path)))
  } catch {
    return null
  }
}

function removeIndex(index: string): void {
  rmSync(index, { force: true })
  rmSync(`${index}.lock`, { force: true })
}
