import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { gitAnnex } from './git.ts'
import type { Dataset } from './locate.ts'
import type { Entry } from './tree.ts'
import { pointerKeys } from './unchanged.ts'

/**
 * Lets git-annex put the content into unlocked files that git has just written as pointers, as it does after a checkout.
 * Does nothing when none of these entries is such a file. The index must not be locked.
 */
export async function fillUnlocked(
  dataset: Dataset,
  entries: readonly Entry[],
): Promise<Fallible<null, DatasetFailure>> {
  const keys = await pointerKeys(dataset, entries)
  if (!keys.ok || keys.value.size === 0) return keys.ok ? ok(null) : keys
  const filled = await gitAnnex(dataset, ['smudge', '--update'])
  return filled.ok ? ok(null) : filled
}
