import { existsSync, renameSync } from 'node:fs'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { dropOperation } from './commits.ts'
import { operationRef } from './operation-ref.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readHead, readRef } from './head.ts'
import { dropLock, takeLock, type Patience } from './index-lock.ts'
import type { Dataset } from './locate.ts'
import { makeNextIndex, nextIndexPath, removeNextIndexes } from './next-index.ts'
import { clearRefLocks, type RefWork } from './ref-locks.ts'
import { diffTrees, type Change } from './tree.ts'

/**
 * All that is needed to finish or roll back a move that was cut short: written down (as JSON) before its first step.
 * `to` is at `refs/waybill/<operation>`, and the move takes that ref away in the very step that moves the branch.
 */
export interface MovePlan {
  /** Letters, digits, `-`; never used for another move. */
  readonly operation: string
  /** `refs/heads/main`, or null for a detached HEAD. */
  readonly ref: string | null
  /** Where the branch is to stand before, or null when it is unborn. */
  readonly from: CommitId | null
  readonly to: CommitId
  /** What the reflog says: `waybill: record 3 jobs`. */
  readonly reflog: string
}

/**
 * Moves the branch that is checked out from `from` to `to`, and the index with it, in an order that a kill cannot hurt:
 * git's own lock of the index, the new index beside the old one, the branch, the new index into place, the lock away.
 * Whatever is staged, changed or flagged at paths that do not differ between the two commits stays as it is.
 * Fails with `branch-moved` (nothing changed) when HEAD stands elsewhere. After a kill: `recoverMove`.
 *
 *   none ─lock─► locked ─index made─► ready ─update-ref─► moved ─rename─► indexed ─unlock─► done
 *     ◄──────────── roll back ─────────────┘   └────────────── go forward ────────────►
 */
export async function moveBranch(
  dataset: Dataset,
  plan: MovePlan,
  patience: Patience,
): Promise<Fallible<null, DatasetFailure>> {
  // Before the lock: the user's git need not wait while trees are compared.
  const changes = await diffTrees(dataset, plan.from, plan.to)
  if (!changes.ok) return changes
  const lock = await takeLock(dataset, plan.operation, patience)
  if (!lock.ok) return lock
  const index = nextIndexPath(dataset, plan.operation, '0')
  const ready = await prepare(dataset, plan, changes.value, index)
  if (!ready.ok) {
    letGo(dataset, plan)
    return ready
  }
  const moved = await updateRef(dataset, plan)
  if (!moved.ok) {
    // Its end tells less than the branch: git may have been killed after it had moved it.
    await clearRefLocks(dataset, refWork(plan), patience)
    const tip = await readRef(dataset, plan.ref ?? 'HEAD')
    if (!tip.ok || tip.value !== plan.to) {
      letGo(dataset, plan)
      return moved
    }
    await dropOperation(dataset, plan.operation)
  }
  const installed = installIndex(dataset, index)
  // The branch has moved: without its index the lock has to stay until recovery.
  if (installed.ok) letGo(dataset, plan)
  return installed
}

async function prepare(
  dataset: Dataset,
  plan: MovePlan,
  changes: readonly Change[],
  index: string,
): Promise<Fallible<null, DatasetFailure>> {
  const head = await readHead(dataset)
  if (!head.ok) return head
  const { ref, commit } = head.value
  if (ref === plan.ref && commit === plan.from) return makeNextIndex(dataset, changes, index)
  return fail({
    kind: 'branch-moved',
    expected: { ref: plan.ref, commit: plan.from },
    found: { ref, commit },
  })
}

/** What a move does to refs. */
export function refWork({ operation, ref, to }: MovePlan): RefWork {
  return { operation, refs: [ref], ids: [to] }
}

/** Leaves nothing of a move behind but the operation's ref. */
export function letGo(dataset: Dataset, { operation }: Pick<MovePlan, 'operation'>): void {
  removeNextIndexes(dataset, operation)
  dropLock(dataset, operation)
}

/**
 * Moves the branch and takes the operation's ref away in one transaction. A late `git` of a dead process therefore moves
 * nothing once recovery has taken that ref away.
 */
async function updateRef(dataset: Dataset, plan: MovePlan): Promise<Fallible<null, DatasetFailure>> {
  const from = plan.from ?? '0'.repeat(plan.to.length)
  const input = [
    ...(plan.ref === null ? ['option no-deref\0'] : []),
    `update ${plan.ref ?? 'HEAD'}\0${plan.to}\0${from}\0`,
    `delete ${operationRef(plan.operation)}\0${plan.to}\0`,
  ]
  const done = await git(dataset, ['update-ref', '-m', plan.reflog, '-z', '--stdin'], { input })
  return done.ok ? ok(null) : done
}

/** Puts a finished index into the user's place. The lock must be held. */
export function installIndex(dataset: Dataset, index: string): Fallible<null, DatasetFailure> {
  try {
    if (existsSync(index)) renameSync(index, dataset.indexPath)
    return ok(null)
  } catch (error) {
    return fail(fromSystem('index', error))
  }
}
