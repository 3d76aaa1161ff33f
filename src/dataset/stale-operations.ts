import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'
import { operationRef } from './operation-ref.ts'

/** Begins the names of operations that a dataset above has here: its finish and our own may run at the same time. */
export const fromAbove = 'below-'

/**
 * Removes the refs and the own files of operations that were killed before they moved anything; `keep` names those
 * that may go on. `whose`: our own, or those of a dataset above. Call while nobody else of the same kind is at work here.
 */
export async function dropStaleOperations(
  dataset: Dataset,
  keep: ReadonlySet<string>,
  whose: 'own' | 'from-above' = 'own',
): Promise<Fallible<null, DatasetFailure>> {
  const isMeant = (operation: string): boolean => operation.startsWith(fromAbove) === (whose === 'from-above')
  removeFiles(dataset, isMeant)
  if (hasNone(dataset)) return ok(null)
  const listed = await git(dataset, ['for-each-ref', '--format=%(refname)%00', 'refs/waybill/'])
  if (!listed.ok) return listed
  const stale = pieces(listed.value.stdout)
    .map((ref) => ref.trim().replace('refs/waybill/', ''))
    .filter((operation) => operation !== '' && isMeant(operation) && !keep.has(operation))
  if (stale.length === 0) return ok(null)
  const dropped = await git(dataset, ['update-ref', '-z', '--stdin'], {
    input: stale.map((operation) => `delete ${operationRef(operation)}\0\0`),
  })
  return dropped.ok ? ok(null) : dropped
}

/** Whether there is surely no ref of ours: most of the time. Git is not asked where it keeps refs in two plain places. */
function hasNone({ commonDir }: Dataset): boolean {
  if (existsSync(join(commonDir, 'reftable'))) return false
  const isFree = globSync('refs/waybill/**', { cwd: commonDir, withFileTypes: true }).every((entry) =>
    entry.isDirectory(),
  )
  return isFree && !isPacked(join(commonDir, 'packed-refs'))
}

function isPacked(file: string): boolean {
  try {
    return readFileSync(file, 'latin1').includes(' refs/waybill/')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

/** A move needs no private index any more, nor what was put aside: what stands there is nobody's. */
function removeFiles(dataset: Dataset, isMeant: (operation: string) => boolean): void {
  for (const file of globSync('waybill/{index,aside}-*', { cwd: dataset.gitDir }))
    if (isMeant(file.replace(/^waybill\/(?:index|aside)-/, '')))
      rmSync(join(dataset.gitDir, file), { force: true })
}
