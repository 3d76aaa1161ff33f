import { lstatSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import { readAnnexedFile } from './annexed-file.ts'
import { blobId, fileBlobId } from './blob-id.ts'
import type { DatasetFailure } from './failure.ts'
import { isReadableFile } from './file-status.ts'
import { hashFiles, type Hashing } from './hash-files.ts'
import { readHead } from './head.ts'
import type { Dataset } from './locate.ts'
import { listTree, type Entry } from './tree.ts'
import { pointerKeys, unchangedSinceIndexed } from './unchanged.ts'

/**
 * What a file is now: its annex key, else git's id of its bytes in the work tree (of a symlink: of its text), else, when
 * it cannot be read or is no file, neither.
 */
export interface FileIdentity {
  readonly path: string
  readonly key?: string
  readonly blob?: string
}

/** A file outside the repository is known by size in bytes and time of change; by neither when it is not there. */
export interface OutsideIdentity {
  readonly path: string
  readonly size?: number
  readonly mtime?: EpochSeconds
}

/** Up to this size a file is hashed at once, by git with all others; reading it costs less than to find out whether to. */
const small = 1 << 20

/** What a commit holds at some paths: asked for while small files are hashed. */
export type HeldEntries = (paths: readonly string[]) => Promise<Fallible<readonly Entry[], DatasetFailure>>

/**
 * Identifies files of the repository, in their order. The content of annexed files is not read, unless it is unlocked and
 * git takes it for changed. `held` tells which files are unlocked annexed ones: in the commit they are pointers. Only for
 * those the index is looked at.
 */
export async function identifyFiles(
  dataset: Dataset,
  paths: readonly string[],
  held: HeldEntries = async (those) => entriesOfHead(dataset, those),
  hash: Hashing = async (files) => hashFiles(dataset, files),
): Promise<Fallible<readonly FileIdentity[], DatasetFailure>> {
  const known = new Map<string, FileIdentity>()
  const regular: string[] = []
  const few: string[] = []
  for (const path of paths) {
    const annexed = readAnnexedFile(dataset, path)
    const stat = lstatSync(join(dataset.root, path), { throwIfNoEntry: false })
    if (annexed !== null) known.set(path, { path, key: annexed.key })
    else if (stat?.isFile()) {
      regular.push(path)
      if (stat.size <= small && isReadableFile(join(dataset.root, path))) few.push(path)
    } else if (stat?.isSymbolicLink()) {
      const target = readlinkSync(join(dataset.root, path), 'buffer')
      known.set(path, { path, blob: blobId(dataset.objectFormat, target) })
    }
  }
  const [blobs, entries] = await Promise.all([
    hash(few.map((path) => join(dataset.root, path))),
    dataset.annex === null || regular.length === 0 ? ok([]) : held(regular),
  ])
  if (!entries.ok) return entries
  const blobOf = (path: string): string | undefined =>
    blobs.ok ? blobs.value.get(join(dataset.root, path)) : undefined
  const own = new Set(regular)
  const pointers = await pointerKeys(
    dataset,
    entries.value.filter(({ path, oid }) => own.has(path) && blobOf(path) !== oid),
  )
  if (!pointers.ok) return pointers
  const unchanged = await unchangedSinceIndexed(dataset, [...pointers.value.keys()])
  if (!unchanged.ok) return unchanged
  for (const { path, key } of unchanged.value) if (key !== null) known.set(path, { path, key })
  for (const path of regular) {
    if (known.has(path)) continue
    const blob = blobOf(path) ?? (await hashed(dataset, path))
    if (blob !== null) known.set(path, { path, blob })
  }
  return ok(paths.map((path) => known.get(path) ?? { path }))
}

async function entriesOfHead(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<readonly Entry[], DatasetFailure>> {
  const head = await readHead(dataset)
  return head.ok ? listTree(dataset, head.value.commit, paths) : head
}

/** Identifies a file outside the repository by its absolute path. */
export function identifyOutside(path: string): OutsideIdentity {
  try {
    const { size, mtimeMs } = statSync(path)
    return { path, size, mtime: mtimeMs / 1000 }
  } catch {
    return { path }
  }
}

async function hashed(dataset: Dataset, path: string): Promise<string | null> {
  try {
    return await fileBlobId(dataset.objectFormat, join(dataset.root, path))
  } catch {
    // Unreadable, or gone since: then it has no identity.
    return null
  }
}
