import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure } from './failure.ts'
import { chunks, git } from './git.ts'
import { takeLock, type Patience } from './index-lock.ts'
import type { Dataset } from './locate.ts'
import { operationRef } from './operation-ref.ts'
import { dropOwnRef } from './own-ref.ts'
import { clearRefLocks } from './ref-locks.ts'

/**
 * New branches that are to be made, each at a commit of its own: written down (as JSON) before the first step, so that
 * whoever comes next knows what may have been done. HEAD, its branch and the index stay as they are.
 */
export interface BranchesPlan {
  /** Letters, digits, `-`; never used for another. */
  readonly operation: string
  /** What `refs/waybill/<operation>` stands at, above all the commits. */
  readonly keeper: CommitId
  readonly branches: readonly Branch[]
  readonly reflog: string
  /** The commits whose branches stood when they were looked at; absent before that. From here on nothing is undone. */
  readonly landed?: readonly CommitId[]
}

/** A branch that is to be made. */
export interface Branch {
  /** `refs/heads/slurm-job-branch-7` */
  readonly ref: string
  readonly commit: CommitId
}

/**
 * Makes all branches, and takes the operation's ref away, in one transaction of git: none of them may exist. Leaves git's
 * lock of the index taken, on success: `takeOut` comes next, and then `letGo`. After a kill or a failure: `branchesStanding`.
 */
export async function makeBranches(
  dataset: Dataset,
  plan: BranchesPlan,
  patience: Patience,
): Promise<Fallible<null, DatasetFailure>> {
  const lock = await takeLock(dataset, plan.operation, patience)
  if (!lock.ok) return lock
  const input = [
    ...plan.branches.map(({ ref, commit }) => `create ${ref}\0${commit}\0`),
    `delete ${operationRef(plan.operation)}\0${plan.keeper}\0`,
  ]
  const done = await git(dataset, ['update-ref', '-m', plan.reflog, '-z', '--stdin'], { input })
  if (done.ok || done.failure.kind !== 'git-failed') return done.ok ? ok(null) : done
  return fail({ kind: 'branches-not-made', message: done.failure.message })
}

/**
 * The commits that their branches hold now, whatever was done and whatever the user has done since. No other branch of
 * the plan will be made by it any more.
 */
export async function branchesStanding(
  dataset: Dataset,
  plan: BranchesPlan,
  patience: Patience,
): Promise<Fallible<readonly CommitId[], DatasetFailure>> {
  const work = {
    operation: plan.operation,
    refs: plan.branches.map(({ ref }) => ref),
    ids: plan.branches.map(({ commit }) => commit),
  }
  await clearRefLocks(dataset, work, patience)
  // A git of the dead process may still be about to make them: without this ref it cannot.
  const dropped = await dropOwnRef(dataset, plan.operation)
  if (!dropped.ok) return dropped
  const tips = await readBranches(
    dataset,
    plan.branches.map(({ ref }) => ref),
  )
  if (!tips.ok) return tips
  const standing: CommitId[] = []
  for (const { ref, commit } of plan.branches) {
    const tip = tips.value.get(ref)
    if (tip === undefined) continue
    const asked =
      tip === commit
        ? null
        : await git(dataset, ['merge-base', '--is-ancestor', commit, tip], { normal: [1, 128] })
    if (asked !== null && !asked.ok) return asked
    if (asked === null || asked.value.code === 0) standing.push(commit)
  }
  return ok(standing)
}

/** The refs that have these full names, or lie below them (which stands in the way of one just as well), and where they are. */
export async function readBranches(
  dataset: Dataset,
  refs: readonly string[],
): Promise<Fallible<ReadonlyMap<string, CommitId>, DatasetFailure>> {
  const found = new Map<string, CommitId>()
  for (const some of chunks(refs)) {
    const listed = await git(dataset, ['for-each-ref', '--format=%(objectname) %(refname)', ...some])
    if (!listed.ok) return listed
    for (const line of listed.value.stdout.toString('utf8').split('\n')) {
      const space = line.indexOf(' ')
      if (space > 0) found.set(line.slice(space + 1), line.slice(0, space) as CommitId)
    }
  }
  return ok(found)
}
