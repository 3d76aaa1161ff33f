import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { writeCommits } from '../../dataset/commits.ts'
import { git } from '../../dataset/git.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { within } from '../../dataset/subdatasets.ts'
import { commitTime } from '../schedule/commit-time.ts'
import type { Context } from '../context.ts'
import { blocked, newCommit, newCommits, type Draft } from './draft.ts'
import type { Gathered } from './gather.ts'
import { operationBelow } from './ground.ts'
import { moveAndMark } from './move.ts'
import type { Note } from '../note.ts'
import { ownCommit } from './pointers.ts'
import type { Report } from '../report.ts'
import { jobFacts } from '../select.ts'

/**
 * Commits what the jobs left in subdatasets there, deepest first, a commit for each job with the job's own record, and
 * puts pointers to these commits in the place of the changes. What is left to commit lies in the top dataset. After a
 * kill in between, the next finish finds these commits by their jobs' tokens, and points to them.
 */
export async function recordBelow(context: Context, gathered: Gathered): Promise<Fallible<Gathered, Note>> {
  const { subdatasets } = gathered.ground
  const touched = [...new Set(gathered.drafts.flatMap(({ subdatasets: own }) => own))]
  let drafts = gathered.drafts
  for (const at of touched.toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1))) {
    const done = await recordIn(context, { ...gathered, drafts }, at)
    if (done.ok) drafts = done.value
    // The jobs are looked at again: somebody else has committed there.
    else if (done.failure.kind === 'branch-moved') return done
    else {
      const { failure } = done
      drafts = drafts.map((one) => (touches(gathered, one, at) ? blockedBy(one, at, failure) : one))
    }
  }
  return ok({
    ...gathered,
    drafts: drafts.map((one) => ({
      ...one,
      changes: one.changes.filter(({ path }) => subdatasets.holder(path) === ''),
    })),
  })
}

/** A draft that must wait, since a subdataset does not take what its job left there. */
export function blockedBy(one: Draft, at: string, why: Note): Draft {
  const note = { kind: 'subdataset-not-saved', subdataset: at, why } as const
  return blocked(one, { action: 'save', status: 'impossible', path: at, type: 'dataset', note })
}

/** Whether a draft changes something in a subdataset. */
export function touches({ ground }: Pick<Gathered, 'ground'>, one: Draft, at: string): boolean {
  return one.changes.some(({ path }) => ground.subdatasets.holder(path) === at)
}

async function recordIn(
  context: Context,
  gathered: Gathered,
  at: string,
): Promise<Fallible<readonly Draft[], Note>> {
  const { ground, drafts, pointers } = gathered
  const dataset = await ground.subdatasets.open(at)
  if (!dataset.ok) return dataset
  const written = await commitIn(context, gathered, at, dataset.value)
  if (!written.ok) return written
  let pointer = pointers.get(at)?.commit ?? null
  const pointing: Draft[] = []
  for (const one of drafts) {
    const fresh = written.value.get(one)
    const own = fresh ?? ownCommit(pointers.get(at), one)
    const stays =
      one.kind !== 'record' ||
      own === null ||
      own === pointer ||
      (fresh === undefined && pointer !== null && (await isAncestor(dataset.value, own, pointer)))
    if (stays) {
      pointing.push(one)
      continue
    }
    pointer = own
    const facts = { ...jobFacts(one.job), commit: own }
    const saved: Report = { action: 'save', status: 'ok', path: at, type: 'dataset', facts }
    pointing.push({
      ...one,
      changes: [...one.changes, { path: at, mode: '160000', oid: own }],
      reports: [...one.reports, ...(fresh === undefined ? [] : [saved])],
    })
  }
  return ok(pointing)
}

/** Writes the commits of one subdataset and moves its branch: which commit is whose. */
async function commitIn(
  context: Context,
  { ground, drafts, operation }: Gathered,
  at: string,
  dataset: Dataset,
): Promise<Fallible<ReadonlyMap<Draft, CommitId>, Note>> {
  const wanted = drafts.filter((one) => one.kind === 'record' && touches({ ground }, one, at))
  const head = await ground.headAt(at)
  if (wanted.length === 0 || head === null) return ok(new Map())
  const own = operationBelow(operation, at)
  const written = await writeCommits(dataset, {
    parent: head.commit,
    commits: newCommits(wanted, (one) => ({
      ...newCommit(one),
      changes: one.changes
        .filter(({ path }) => ground.subdatasets.holder(path) === at)
        .map((change) => ({ ...change, path: within(at, change.path) })),
    })),
    operation: own,
    when: commitTime(context),
  })
  if (!written.ok) return written
  const to = written.value.at(-1)
  if (to === undefined) return ok(new Map())
  const reflog = `waybill: record ${wanted.length === 1 ? 'a job' : `${wanted.length} jobs`}`
  const plan = { operation: own, ref: head.ref, from: head.commit, to, reflog }
  // No job is recorded by this alone: that is what the commit above does.
  const moved = await moveAndMark({ ...context, dataset }, plan, [])
  if (!moved.ok) return fail(moved.failure)
  return ok(
    new Map(
      wanted.flatMap((one, i) => {
        const commit = written.value[i]
        return commit === undefined ? [] : [[one, commit] as const]
      }),
    ),
  )
}

async function isAncestor(dataset: Dataset, commit: CommitId, of: CommitId): Promise<boolean> {
  const asked = await git(dataset, ['merge-base', '--is-ancestor', commit, of], { normal: [1, 128] })
  return asked.ok && asked.value.code === 0
}
