import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readHead } from './head.ts'
import type { Dataset } from './locate.ts'

/** What a whole subdataset is now: its commit, and whether its files are not what that commit holds. */
export interface SubdatasetIdentity {
  readonly commit?: string
  readonly modified?: true
}

/** Identifies a whole subdataset. Git looks at all its files. */
export async function identifySubdataset(
  dataset: Dataset,
): Promise<Fallible<SubdatasetIdentity, DatasetFailure>> {
  const [head, changes] = await Promise.all([
    readHead(dataset),
    git(dataset, ['status', '--porcelain', '-z', '--untracked-files=normal', '--ignore-submodules=none']),
  ])
  if (!head.ok) return head
  if (!changes.ok) return changes
  return ok({
    ...(head.value.commit === null ? {} : { commit: head.value.commit }),
    ...(changes.value.stdout.length === 0 ? {} : { modified: true as const }),
  })
}
