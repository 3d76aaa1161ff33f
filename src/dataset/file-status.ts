import { accessSync, constants, lstatSync, statSync, type Stats } from 'node:fs'

/**
 * What stands at a path, links not followed; undefined when nothing does, also because a folder on the way is no folder
 * (any more). Other errors of the system are thrown.
 */
export function fileStatus(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // `throwIfNoEntry` is about ENOENT alone.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Whether a path, links followed, is a file that can be read. */
export function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
