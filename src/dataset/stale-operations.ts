import { globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Removes the refs and the private indexes of operations that were killed before they moved anything; `keep` names those
 * that may go on. Call while nobody else writes commits here.
 */
export async function dropStaleOperations(
  dataset: Dataset,
  keep: ReadonlySet<string>,
): Promise<Fallible<null, DatasetFailure>> {
  removeIndexes(dataset)
  const listed = await git(dataset, ['for-each-ref', '--format=%(refname)%00', 'refs/waybill/'])
  if (!listed.ok) return listed
  const stale = pieces(listed.value.stdout)
    .map((ref) => ref.trim())
    .filter((ref) => ref !== '' && !keep.has(ref.replace('refs/waybill/', '')))
  if (stale.length === 0) return ok(null)
  const dropped = await git(dataset, ['update-ref', '-z', '--stdin'], {
    input: stale.map((ref) => `delete ${ref}\0\0`),
  })
  return dropped.ok ? ok(null) : dropped
}

/** A move needs no private index any more: what stands there is nobody's. */
function removeIndexes(dataset: Dataset): void {
  for (const index of globSync('waybill/index-*', { cwd: dataset.gitDir }))
    rmSync(join(dataset.gitDir, index), { force: true })
}
