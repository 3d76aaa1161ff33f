import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { git } from './git.ts'
import { indexInfo } from './index-entries.ts'
import type { Added, RefusedFile, StageWork } from './stage.ts'

/**
 * Adds files and symlinks by `git update-index` into the private index, with the filters of the user's attributes. HEAD's
 * entries go first: whether git converts line ends depends on what it holds already.
 */
export async function addByGit(
  work: StageWork,
  paths: readonly string[],
): Promise<Fallible<Added, DatasetFailure>> {
  const refused: RefusedFile[] = []
  const keys = new Map<string, string>()
  let left = paths
  if (left.length === 0) return ok({ refused, keys })
  const seed = left.flatMap((path) => work.head.get(path) ?? []).map((entry) => indexInfo(entry.path, entry))
  if (seed.length > 0) {
    const seeded = await git(work.dataset, ['update-index', '-z', '--index-info'], {
      input: seed,
      index: work.index,
    })
    if (!seeded.ok) return seeded
  }
  for (;;) {
    const added = await git(work.dataset, ['update-index', '--add', '--replace', '-z', '--stdin'], {
      input: left.values().map((path) => `${path}\0`),
      index: work.index,
    })
    if (added.ok) return ok({ refused, keys })
    const culprit = culpritOf(added.failure)
    if (culprit === null || !left.includes(culprit)) return added
    // Nothing was written: what can be added goes again without the file that cannot.
    refused.push(refusal(work.dataset.root, culprit, added.failure))
    left = left.filter((path) => path !== culprit)
    if (left.length === 0) return ok({ refused, keys })
  }
}

/** `fatal: Unable to process path NAME`, the last thing update-index says. */
function culpritOf(failure: DatasetFailure): string | null {
  if (failure.kind !== 'git-failed' && failure.kind !== 'no-permission') return null
  return /fatal: Unable to process path (.+)$/s.exec(failure.message)?.[1] ?? null
}

function refusal(root: string, path: string, failure: DatasetFailure): RefusedFile {
  const message = 'message' in failure ? failure.message : ''
  const stat = fileStatus(join(root, path))
  if (stat === undefined) return { path, why: 'vanished', message }
  if (failure.kind === 'no-permission') return { path, why: 'no-permission', message }
  return { path, why: /short read|changed/.test(message) ? 'changed' : 'other', message }
}
