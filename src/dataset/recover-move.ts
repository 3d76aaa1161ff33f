import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { dropOwnRef } from './own-ref.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readHead, readRef } from './head.ts'
import { holdsLock, takeLock, type Patience } from './index-lock.ts'
import { readIndexEntries } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { installIndex, letGo, refWork, type MovePlan } from './move-branch.ts'
import { makeNextIndex, nextIndexPath, removeNextIndexes, stands } from './next-index.ts'
import { clearRefLocks } from './ref-locks.ts'
import { diffTrees, type Change } from './tree.ts'

/**
 * Ends a move that was cut short, whatever it had done and whatever the user has done since. `done`: the branch holds the
 * commits, and index entries still at their old value were brought up. `rolled-back`: it does not, never will by this
 * move, and nothing of it is left; the commits are at no ref. May be killed and run again; nobody's commit is undone.
 */
export async function recoverMove(
  dataset: Dataset,
  plan: MovePlan,
  patience: Patience,
): Promise<Fallible<'done' | 'rolled-back', DatasetFailure>> {
  await clearRefLocks(dataset, refWork(plan), patience)
  // A git of the dead process may still be about to move the branch: without this ref it cannot.
  const dropped = await dropOwnRef(dataset, plan.operation)
  if (!dropped.ok) return dropped
  const contained = await contains(dataset, plan)
  if (!contained.ok) return contained
  if (!contained.value) {
    letGo(dataset, plan)
    return ok('rolled-back')
  }
  if (!holdsLock(dataset, plan.operation)) {
    const behind = await entriesLeftBehind(dataset, plan)
    if (!behind.ok) return behind
    if (behind.value.length === 0) {
      letGo(dataset, plan)
      return ok('done')
    }
    const lock = await takeLock(dataset, plan.operation, patience)
    if (!lock.ok) return lock
  }
  const finished = await finish(dataset, plan)
  if (!finished.ok) return finished
  letGo(dataset, plan)
  return ok('done')
}

async function finish(dataset: Dataset, plan: MovePlan): Promise<Fallible<null, DatasetFailure>> {
  const behind = await entriesLeftBehind(dataset, plan)
  if (!behind.ok || behind.value.length === 0) return behind.ok ? ok(null) : behind
  removeNextIndexes(dataset, plan.operation)
  const index = nextIndexPath(dataset, plan.operation, 'again')
  const made = await makeNextIndex(dataset, behind.value, index)
  return made.ok ? installIndex(dataset, index) : made
}

/** Whether the branch of the plan holds its commits now. For a detached HEAD: whatever HEAD is at. */
async function contains(dataset: Dataset, plan: MovePlan): Promise<Fallible<boolean, DatasetFailure>> {
  const tip = await readRef(dataset, plan.ref ?? 'HEAD')
  if (!tip.ok) return tip
  if (tip.value === null) return ok(false)
  if (tip.value === plan.to) return ok(true)
  const asked = await git(dataset, ['merge-base', '--is-ancestor', plan.to, tip.value], { normal: [1] })
  return asked.ok ? ok(asked.value.code === 0) : asked
}

/**
 * The changes whose index entries stand at their old value although HEAD has the new one. None when another branch is
 * checked out by now: the index is that one's.
 */
async function entriesLeftBehind(
  dataset: Dataset,
  plan: MovePlan,
): Promise<Fallible<readonly Change[], DatasetFailure>> {
  const head = await readHead(dataset)
  if (!head.ok) return head
  if (head.value.ref !== plan.ref || head.value.commit === null) return ok([])
  const changes = await diffTrees(dataset, plan.from, plan.to)
  if (!changes.ok) return changes
  const undone = await undoneSince(dataset, plan, head.value.commit)
  if (!undone.ok) return undone
  const entries = await readIndexEntries(
    dataset,
    changes.value.map((change) => change.path),
  )
  if (!entries.ok) return entries
  return ok(
    changes.value.filter(
      (change) => !undone.value.has(change.path) && stands(entries.value.get(change.path), change.before),
    ),
  )
}

/** Paths that later commits of the user's have changed again: what they committed counts. */
async function undoneSince(
  dataset: Dataset,
  plan: MovePlan,
  tip: CommitId,
): Promise<Fallible<ReadonlySet<string>, DatasetFailure>> {
  if (tip === plan.to) return ok(new Set())
  const since = await diffTrees(dataset, plan.to, tip)
  return since.ok ? ok(new Set(since.value.map((change) => change.path))) : since
}
