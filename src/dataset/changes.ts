import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Root-relative paths of all that differs from HEAD in work tree or index, and of what git does not know and does not
 * ignore; a folder that is a repository of its own stands for all below it. One git process, which looks at every
 * tracked file: only for where the whole dataset is meant.
 */
export async function changedPaths(dataset: Dataset): Promise<Fallible<readonly string[], DatasetFailure>> {
  const words = ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames']
  const listed = await git(dataset, [...words, '--ignore-submodules=none'])
  if (!listed.ok) return listed
  // `XY PATH`; without renames there is one path an entry.
  return ok(pieces(listed.value.stdout).map((entry) => entry.slice(3).replace(/\/$/, '')))
}
