import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileStatus } from './file-status.ts'
import type { Dataset } from './locate.ts'
import { cleanLeftovers, putInPlace, temporaryPath, type TemporaryPlace } from './temporary-file.ts'

/**
 * Writes a whole file of Waybill's own into the work tree, in the place of whatever file or link stands there: never
 * through a link, whose target is somebody else's (an annexed object, a file outside). Null, or why it could not be.
 */
export function writeOwnFile(
  dataset: Dataset,
  path: string,
  content: Uint8Array,
  place: TemporaryPlace,
): { readonly path: string; readonly message: string } | null {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
  try {
    const blocking = makeFolders(dataset.root, folder)
    if (blocking !== null) return { path: blocking, message: `${blocking} is no folder` }
    const target = join(dataset.root, path)
    const temporary = temporaryPath(dataset, target, place)
    // Another number than the first: a process that was killed has left one.
    if (!temporary.endsWith('-0')) cleanLeftovers(dataset, place.token, [path])
    try {
      writeFileSync(temporary, content, { flag: 'wx' })
      putInPlace(temporary, target, null)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
    return null
  } catch (error) {
    // The system's refusals have a code; what has none is a bug.
    if (!(error instanceof Error) || !('code' in error)) throw error
    return { path, message: error.message }
  }
}

/** Makes the folders on the way to a root-relative path. Gives the first that is a link or a file instead: a tree cannot hold both. */
export function makeFolders(root: string, folder: string): string | null {
  if (folder === '.') return null
  const segments = folder.split('/')
  for (let depth = 1; depth <= segments.length; depth++) {
    const part = segments.slice(0, depth).join('/')
    const stat = fileStatus(join(root, part))
    if (stat === undefined) mkdirSync(join(root, part))
    else if (!stat.isDirectory()) return part
  }
  return null
}
