import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { locate } from '../../dataset/locate.ts'
import { moveBranch, type MovePlan } from '../../dataset/move-branch.ts'
import { dropStaleOperations } from '../../dataset/stale-operations.ts'
import { recoverMove } from '../../dataset/recover-move.ts'
import { recoverBranches } from './branch-move.ts'
import type { Context } from '../context.ts'
import { replacementOf } from '../arrays/handover.ts'
import { finishLease, leaseOwner } from '../lease.ts'
import { markRecorded, patience, type Recorded } from './marking.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'

/**
 * Moves the branch to new commits and marks their jobs as recorded. The ledger knows the plan before its first step, so
 * that whoever comes next can finish it or roll it back. Call with the lease held.
 */
export async function moveAndMark(
  context: Context,
  plan: MovePlan,
  jobs: Recorded,
): Promise<Fallible<null, Note>> {
  return context.critical(async () => {
    const move = { id: plan.operation, worktree: context.dataset.root, plan, jobs }
    const begun = context.ledger.transaction(
      () =>
        jobs.every(({ job }) => replacementOf(context, job) === null) &&
        context.ledger.beginMove(move, finishLease, leaseOwner(context)),
    )
    if (!begun) return fail({ kind: 'taken-over' })
    const moved = await moveBranch(context.dataset, plan, patience(context))
    if (moved.ok) {
      markRecorded(context, plan.operation, jobs)
      return moved
    }
    // The failure may have come after the branch had moved (a full disk under the index): ask what stands.
    const recovered = await recoverMove(context.dataset, plan, patience(context))
    if (!recovered.ok) return recovered
    if (recovered.value === 'done') {
      markRecorded(context, plan.operation, jobs)
      return ok(null)
    }
    context.ledger.endMove(plan.operation)
    return fail(moved.failure)
  })
}

/** Finishes or rolls back what killed processes had begun. Call with the lease held. */
export async function recoverMoves(context: Context, report: (report: Report) => void): Promise<void> {
  const pending = context.ledger.pendingMoves()
  await dropStaleOperations(context.dataset, new Set(pending.map(({ id }) => id)))
  for (const move of pending) {
    const dataset = await locate(move.worktree, context.env)
    const { plan } = move
    const there = dataset.ok && dataset.value.root === move.worktree
    // A subdataset that is gone took its branch with it, and its records are nobody's yet.
    if (!there && move.worktree.startsWith(`${context.dataset.root}/`) && move.jobs.length === 0) {
      context.ledger.endMove(move.id)
      continue
    }
    if ('branches' in plan) {
      await recoverBranches(context, there ? dataset.value : null, { ...move, plan }, report)
      continue
    }
    // A worktree that is gone took its index with it; what stands of the branch is told from here.
    const place = there ? dataset.value : context.dataset
    const recovered = await recoverMove(place, plan, patience(context))
    const about = { action: 'recover', path: move.worktree, type: 'dataset' } as const
    if (!recovered.ok) {
      report({ ...about, status: 'error', note: recovered.failure })
      continue
    }
    if (recovered.value === 'done') markRecorded(context, move.id, move.jobs)
    else context.ledger.endMove(move.id)
    report({ ...about, status: 'ok', note: { kind: 'recovered-move', how: recovered.value } })
  }
}
