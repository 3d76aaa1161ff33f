import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Brings back files that `removeOutputs` took away, as the index has them, where nothing stands in their place now; the
 * index is not touched. Gives the paths that came back.
 */
export async function restoreOutputs(
  dataset: Dataset,
  paths: readonly string[],
): Promise<Fallible<readonly string[], DatasetFailure>> {
  const missing = paths.filter((path) => fileStatus(join(dataset.root, path)) === undefined)
  if (missing.length === 0) return ok([])
  const restored = await git(dataset, ['checkout-index', '-q', '-z', '--stdin'], {
    input: missing.map((path) => `${path}\0`),
    // What is no longer in the index cannot come back from it.
    normal: [1],
  })
  if (!restored.ok) return restored
  return ok(missing.filter((path) => fileStatus(join(dataset.root, path)) !== undefined))
}
