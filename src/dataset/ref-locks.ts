import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { operationRef } from './operation-ref.ts'
import { holdsLock, lockPath, type Patience } from './index-lock.ts'
import type { Dataset } from './locate.ts'
import type { MovePlan } from './move-branch.ts'

/**
 * Removes the locks that a killed `git update-ref` of this move left on refs; git itself never would. Ours are: that of
 * the operation's own ref; one that holds the id the move was to write; and an empty one that was made while the index was
 * locked by us and is still there a second later.
 */
export async function clearRefLocks(dataset: Dataset, plan: MovePlan, patience: Patience): Promise<void> {
  const own = join(dataset.commonDir, `${operationRef(plan.operation)}.lock`)
  const locks = new Set([
    own,
    plan.ref === null ? join(dataset.gitDir, 'HEAD.lock') : join(dataset.commonDir, `${plan.ref}.lock`),
    join(dataset.gitDir, 'HEAD.lock'),
    join(dataset.commonDir, 'packed-refs.lock'),
  ])
  const present = [...locks].filter((lock) => statSync(lock, { throwIfNoEntry: false }) !== undefined)
  const doubtful = present.filter((lock) => !isCertain(lock, own, plan))
  for (const lock of present) if (!doubtful.includes(lock)) rmSync(lock, { force: true })
  if (doubtful.length === 0 || !holdsLock(dataset, plan.operation)) return
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

function isCertain(lock: string, own: string, plan: MovePlan): boolean {
  if (lock === own) return true
  try {
    return readFileSync(lock, 'utf8').trim() === plan.to
  } catch {
    return false
  }
}

function identityOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.ctimeNs}`
}
