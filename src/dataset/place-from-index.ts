import { mkdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'
import { makeFolders } from './own-file.ts'
import type { Entry } from './tree.ts'

/**
 * Puts files into the work tree as the index has them, with its filters, where nothing stands but perhaps an empty folder.
 * Each comes whole or not at all: git writes it elsewhere first. Gives the paths for which there was no room.
 */
export async function placeFromIndex(
  dataset: Dataset,
  entries: readonly Entry[],
  operation: string,
): Promise<Fallible<readonly string[], DatasetFailure>> {
  const drafts = draftFolder(dataset, operation)
  try {
    rmSync(drafts, { recursive: true, force: true })
    if (entries.length === 0) return ok([])
    mkdirSync(drafts, { recursive: true })
    const written = await git(dataset, ['checkout-index', '-q', `--prefix=${drafts}/`, '-z', '--stdin'], {
      input: entries.map(({ path }) => `${path}\0`),
    })
    if (!written.ok) return written
    return ok(entries.map(({ path }) => path).filter((path) => !place(dataset, drafts, path)))
  } catch (error) {
    return fail(fromSystem('checkout-index', error))
  } finally {
    rmSync(drafts, { recursive: true, force: true })
  }
}

/** A folder from which a rename into the work tree is possible: in `.git` where that is on the same device. */
function draftFolder(dataset: Dataset, operation: string): string {
  return statSync(dataset.gitDir).dev === statSync(dataset.root).dev
    ? join(dataset.gitDir, 'waybill', `restore-${operation}`)
    : join(dataset.root, `.waybill-${operation}`)
}

function place(dataset: Dataset, drafts: string, path: string): boolean {
  const target = join(dataset.root, path)
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
  try {
    if (makeFolders(dataset.root, folder) !== null) return false
    const stat = fileStatus(target)
    if (stat?.isDirectory()) rmdirSync(target)
    else if (stat !== undefined) return false
    renameSync(join(drafts, path), target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (['ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM', 'EBUSY', 'EXDEV', 'ENOENT'].includes(code ?? ''))
      return false
    throw error
  }
}
