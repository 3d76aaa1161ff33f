import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, posix } from 'node:path'

/** So many are given to Node's threads at a time, which ask a server far away for several at once. */
const together = 64

/** Opens nothing that waits for another end, and no file beyond a symlink. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/**
 * Opens and closes files and folders, so that stat(2) tells of them what their server has and not what this machine
 * remembers: that is what NFS promises of open(2) (nfs(5), close-to-open consistency). Gives those that are not there,
 * be it that a folder has told of them a moment ago. Paths are relative to `root`.
 */
export async function revalidate(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const gone: string[] = []
  for (let at = 0; at < paths.length; at += together) {
    const some = paths.slice(at, at + together)
    const there = await Promise.all(some.map(async (path) => opens(join(root, path))))
    gone.push(...some.filter((_, i) => !there[i]))
  }
  return gone
}

/** The folders that paths lie in, from the root down, each once: a new one is seen when the one above it was opened. */
export function foldersAbove(paths: readonly string[]): readonly string[] {
  const folders = new Set(['.'])
  for (const path of paths)
    for (let at = posix.dirname(path); at !== '.' && at !== '/' && !folders.has(at); at = posix.dirname(at))
      folders.add(at)
  return [...folders].toSorted((a, b) => depth(a) - depth(b))
}

function depth(folder: string): number {
  return folder === '.' ? 0 : folder.split('/').length
}

/** Whether something is there, whatever may be done with it. */
async function opens(path: string): Promise<boolean> {
  try {
    await (await open(path, flags)).close()
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A server that has another file by this name now says so once; who asks again is told of the new one.
    return code !== 'ENOENT' && code !== 'ESTALE' && code !== 'ENOTDIR'
  }
}
