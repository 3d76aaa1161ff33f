import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { operationRef } from './operation-ref.ts'
import { holdsLock, lockPath, type Patience } from './index-lock.ts'
import type { Dataset } from './locate.ts'

/** What a transaction on refs was to do. */
export interface RefWork {
  readonly operation: string
  /** The full names of the refs besides the operation's own; null for a detached HEAD. */
  readonly refs: readonly (string | null)[]
  /** What it was to write. */
  readonly ids: readonly string[]
}

/**
 * Removes the locks that a killed `git update-ref` of this work left on refs; git itself never would. Ours are: that of
 * the operation's own ref; one that holds an id that was to be written; and an empty one that was made while the index was
 * locked by us and is still there a second later.
 */
export async function clearRefLocks(dataset: Dataset, work: RefWork, patience: Patience): Promise<void> {
  const own = join(dataset.commonDir, `${operationRef(work.operation)}.lock`)
  const locks = new Set([
    own,
    ...work.refs.map((ref) => (ref === null ? headLock(dataset) : join(dataset.commonDir, `${ref}.lock`))),
    headLock(dataset),
    join(dataset.commonDir, 'packed-refs.lock'),
  ])
  const present = [...locks].filter((lock) => statSync(lock, { throwIfNoEntry: false }) !== undefined)
  const doubtful = present.filter((lock) => lock !== own && !holdsOneOf(lock, work.ids))
  for (const lock of present) if (!doubtful.includes(lock)) rmSync(lock, { force: true })
  if (doubtful.length === 0 || !holdsLock(dataset, work.operation)) return
  const before = doubtful.map((lock) => identityOf(lock))
  await patience.sleep(1)
  const since = statSync(lockPath(dataset), { throwIfNoEntry: false })?.mtimeMs ?? Infinity
  for (const [i, lock] of doubtful.entries()) {
    const stat = statSync(lock, { throwIfNoEntry: false })
    const same = stat !== undefined && identityOf(lock) === before[i]
    if (!same || stat.size > 0 || stat.ctimeMs < since) continue
    rmSync(lock, { force: true })
    // Its draft would make every later packing of refs fail.
    if (lock.endsWith('packed-refs.lock')) rmSync(lock.replace(/lock$/, 'new'), { force: true })
  }
}

function headLock(dataset: Dataset): string {
  return join(dataset.gitDir, 'HEAD.lock')
}

function holdsOneOf(lock: string, ids: readonly string[]): boolean {
  try {
    return ids.includes(readFileSync(lock, 'utf8').trim())
  } catch {
    return false
  }
}

function identityOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.ctimeNs}`
}
