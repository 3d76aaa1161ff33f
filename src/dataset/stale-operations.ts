import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Removes the refs of operations that were killed before they moved anything; `keep` names those that may go on. Call
 * while nobody else writes commits here.
 */
export async function dropStaleOperations(
  dataset: Dataset,
  keep: ReadonlySet<string>,
): Promise<Fallible<null, DatasetFailure>> {
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
