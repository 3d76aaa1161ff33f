import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { fillUnlocked } from '../../dataset/fill-unlocked.ts'
import { holdsLock, takeLock } from '../../dataset/index-lock.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { branchesStanding, makeBranches, type BranchesPlan } from '../../dataset/make-branches.ts'
import { letGo } from '../../dataset/move-branch.ts'
import { takeOut } from '../../dataset/take-out.ts'
import type { PendingMove } from '../../ledger/moves.ts'
import type { Context } from '../context.ts'
import { finishLease, leaseOwner } from '../lease.ts'
import { markRecorded, patience } from './marking.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { sparedForOthers } from './spared.ts'

type BranchMove = PendingMove<BranchesPlan>

/** What came of it: the commits whose branches stand, and what there is to say about files. */
export interface Landed {
  readonly commits: ReadonlySet<CommitId>
  readonly reports: readonly Report[]
}

/**
 * Makes the branches, takes what they hold out of the work tree and marks their jobs as recorded. The ledger knows the
 * plan before its first step, so that whoever comes next can go on. Call with the lease held.
 */
export async function branchAndMark(
  context: Context,
  plan: BranchesPlan,
  jobs: BranchMove['jobs'],
): Promise<Fallible<Landed, Note>> {
  return context.critical(async () => {
    const move = { id: plan.operation, worktree: context.dataset.root, plan, jobs }
    if (!context.ledger.beginMove(move, finishLease, leaseOwner(context))) return fail({ kind: 'taken-over' })
    const made = await makeBranches(context.dataset, plan, patience(context))
    // The failure may have come after some were made: ask what stands.
    const standing = made.ok
      ? ok(plan.branches.map(({ commit }) => commit))
      : await branchesStanding(context.dataset, plan, patience(context))
    if (!standing.ok) return standing
    const landed = await goOn(context, context.dataset, move, standing.value)
    return landed.ok && landed.value.commits.size === 0 && !made.ok ? made : landed
  })
}

/** Goes on with what a killed process had begun, from what stands. `dataset`: null when its worktree is gone. */
export async function recoverBranches(
  context: Context,
  dataset: Dataset | null,
  move: BranchMove,
  report: (report: Report) => void,
): Promise<void> {
  const about = { action: 'recover', path: move.worktree, type: 'dataset' } as const
  const { landed } = move.plan
  const standing =
    landed !== undefined
      ? ok(landed)
      : await branchesStanding(dataset ?? context.dataset, move.plan, patience(context))
  const done = standing.ok ? await goOn(context, dataset, move, standing.value) : standing
  if (!done.ok) return report({ ...about, status: 'error', note: done.failure })
  for (const one of done.value.reports) report(one)
  const how = done.value.commits.size === 0 ? 'rolled-back' : 'done'
  report({ ...about, status: 'ok', note: { kind: 'recovered-move', how } })
}

/**
 * From the moment when it is known which branches stand: that is noted first, so that nothing a user does to a branch
 * makes a job open again whose files have begun to go. What fails after that is done again by the next command.
 */
async function goOn(
  context: Context,
  dataset: Dataset | null,
  move: BranchMove,
  standing: readonly CommitId[],
): Promise<Fallible<Landed, Note>> {
  const commits = new Set(standing)
  const recorded = move.jobs.filter(({ commit }) => commits.has(commit))
  if (recorded.length > 0) {
    const plan: BranchesPlan = { ...move.plan, landed: standing }
    if (!context.ledger.beginMove({ ...move, plan }, finishLease, leaseOwner(context)))
      return fail({ kind: 'taken-over' })
  }
  const reports =
    dataset === null ? ok([]) : await clearAway(context, dataset, { ...move, jobs: recorded }, standing)
  if (!reports.ok) return reports
  markRecorded(context, move.id, recorded)
  return ok({ commits, reports: reports.value })
}

async function clearAway(
  context: Context,
  dataset: Dataset,
  move: BranchMove,
  standing: readonly CommitId[],
): Promise<Fallible<readonly Report[], Note>> {
  const { operation } = move.plan
  if (standing.length === 0) {
    letGo(dataset, { operation })
    return ok([])
  }
  if (!holdsLock(dataset, operation)) {
    const lock = await takeLock(dataset, operation, patience(context))
    if (!lock.ok) return lock
  }
  const own = new Set(move.jobs.map(({ job }) => job))
  const spared = sparedForOthers(context, move.worktree, own)
  const done = await takeOut(dataset, standing, operation, spared)
  letGo(dataset, { operation })
  if (!done.ok) return done
  const filled = await fillUnlocked(dataset, done.value.tracked)
  if (!filled.ok) return filled
  return ok(
    done.value.left.map(({ path, why }) => ({
      action: 'remove',
      status: 'notneeded',
      path,
      type: 'file',
      note: { kind: 'left-in-place', why },
    })),
  )
}
