import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import { readIndexEntries } from './index-entries.ts'
import type { Dataset } from './locate.ts'

/** Which of these paths of files a .gitignore hides (tracked ones are not hidden). One git process, none for no path. */
export async function ignoredPaths(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<ReadonlySet<string>, DatasetFailure>> {
  if (paths.length === 0) return ok(new Set())
  // With the index, git would look through all of it for each of the paths.
  const asked = await git(dataset, ['check-ignore', '-z', '--no-index', '--stdin'], {
    // A leading `./` keeps a name from being read as pathspec magic (`:(top)`).
    input: paths.values().map((path) => `./${path}\0`),
    normal: [1],
  })
  if (!asked.ok) return asked
  const matched = pieces(asked.value.stdout).map((path) => path.slice(2))
  const tracked = await readIndexEntries(dataset, matched)
  return tracked.ok ? ok(new Set(matched.filter((path) => !tracked.value.has(path)))) : tracked
}
