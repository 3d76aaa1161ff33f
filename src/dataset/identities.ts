import { lstatSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import { readAnnexedFile } from './annexed-file.ts'
import { blobId, fileBlobId } from './blob-id.ts'
import type { DatasetFailure } from './failure.ts'
import type { Dataset } from './locate.ts'
import { unchangedSinceIndexed } from './unchanged.ts'

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

/**
 * Identifies files of the repository, in their order. Content is hashed as a stream and in this process; that of annexed
 * files is not read, unless it is unlocked and git takes it for changed.
 */
export async function identifyFiles(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<readonly FileIdentity[], DatasetFailure>> {
  const known = new Map<string, FileIdentity>()
  const regular: string[] = []
  for (const path of paths) {
    const annexed = readAnnexedFile(dataset, path)
    const stat = lstatSync(join(dataset.root, path), { throwIfNoEntry: false })
    if (annexed !== null) known.set(path, { path, key: annexed.key })
    else if (stat?.isFile()) regular.push(path)
    else if (stat?.isSymbolicLink()) {
      const target = readlinkSync(join(dataset.root, path), 'buffer')
      known.set(path, { path, blob: blobId(dataset.objectFormat, target) })
    }
  }
  if (dataset.annex !== null) {
    const unchanged = await unchangedSinceIndexed(dataset, regular)
    if (!unchanged.ok) return unchanged
    for (const { path, key } of unchanged.value) if (key !== null) known.set(path, { path, key })
  }
  for (const path of regular) {
    if (known.has(path)) continue
    const blob = await hashed(dataset, path)
    if (blob !== null) known.set(path, { path, blob })
  }
  return ok(paths.map((path) => known.get(path) ?? { path }))
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
