import { lstatSync, type Stats } from 'node:fs'

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
