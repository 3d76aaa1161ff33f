import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { writeCommits, type NewCommit } from '../../dataset/commits.ts'
import { branchAndMark, type Landed } from './branch-move.ts'
import { commitTime } from '../schedule/commit-time.ts'
import type { Context } from '../context.ts'
import { newCommit, newCommits, reportsOf, type Draft } from './draft.ts'
import { aboutJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Gathered } from './gather.ts'
import { branchOf } from './job-branches.ts'
import { moveAndMark } from './move.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, jobFacts } from '../select.ts'

/** What datalad-slurm calls the merge of all branches. */
const mergeMessage = 'Merge all branches from finished jobs'

/** Writes the commits, brings them to where they are to stand and marks the jobs; what was done, or why it could not be. */
export async function land(
  context: Context,
  gathered: Gathered,
  landing: FinishRequest['landing'],
): Promise<Fallible<Iterable<Report>, Note>> {
  const { dataset } = context
  const { drafts, from, operation, committer } = gathered
  const wanted = drafts.filter(({ kind }) => kind === 'record')
  // One branch that begins where we stand is merged by moving on to it, as git does.
  const beside = landing === 'branches' || (landing === 'octopus' && wanted.length > 1)
  if (beside && from === null) return fail({ kind: 'no-commit-yet' })
  const request = { parent: from, operation, when: commitTime(context), committer }
  const commits = beside ? besideEachOther(wanted) : newCommits(wanted)
  const written = wanted.length === 0 ? ok([]) : await writeCommits(dataset, { ...request, commits })
  if (!written.ok) return written
  const commitOf = new Map(wanted.map((one, i) => [one, mustHave(written.value[i])]))
  const landed = await bring(context, gathered, landing, commitOf, written.value.at(-1))
  if (!landed.ok) return landed
  for (const { kind, job } of drafts)
    if (kind === 'nothing')
      context.ledger.change(job.id, context.now(), 'nothing-changed', { state: 'closed' })
  const merge = landing === 'octopus' && beside ? written.value.at(-1) : undefined
  return ok(said(drafts, commitOf, landed.value, landing, merge))
}

/** What there is to say of all. */
function* said(
  drafts: readonly Draft[],
  commitOf: ReadonlyMap<Draft, CommitId>,
  landed: Landed,
  landing: FinishRequest['landing'],
  merge: CommitId | undefined,
): Generator<Report> {
  for (const one of drafts) {
    yield* reportsOf(one)
    const commit = commitOf.get(one)
    const stands = commit === undefined || landed.commits.has(commit)
    yield* saved(stands ? one : { ...one, kind: 'blocked' }, commit, landing)
  }
  yield* landed.reports
  if (merge !== undefined)
    yield { action: 'merge', status: 'ok', path: '.', type: 'dataset', facts: { commit: merge } }
}

/** Moves the branch to the last commit, or makes a branch for each. */
async function bring(
  context: Context,
  { operation, ref, from }: Gathered,
  landing: FinishRequest['landing'],
  commits: ReadonlyMap<Draft, CommitId>,
  last: CommitId | undefined,
): Promise<Fallible<Landed, Note>> {
  if (last === undefined) return ok({ commits: new Set(), reports: [] })
  const jobs = [...commits].map(([{ job, part }, commit]) => ({
    job: job.id,
    commit,
    ...(part?.keepsOpen ? { tasks: part.tasks } : {}),
  }))
  const reflog = `waybill: record ${jobs.length === 1 ? 'a job' : `${jobs.length} jobs`}`
  if (landing === 'branches') {
    const branches = [...commits].map(([{ job }, commit]) => ({
      ref: `refs/heads/${branchOf(job)}`,
      commit,
    }))
    return branchAndMark(context, { operation, keeper: last, branches, reflog }, jobs)
  }
  const moved = await moveAndMark(context, { operation, ref, from, to: last, reflog }, jobs)
  return moved.ok ? ok({ commits: new Set(commits.values()), reports: [] }) : moved
}

/**
 * Each on the same commit, and above them the merge of all: for branches it only keeps them from gc until they stand. Where
 * two jobs have the same path it has the same content, since all of them were read from one work tree; and of pointers to a
 * subdataset the last one holds the others.
 */
function besideEachOther(drafts: readonly Draft[]): Iterable<NewCommit> {
  return {
    *[Symbol.iterator]() {
      for (const one of drafts) yield { ...newCommit(one), parents: ['base'] }
      const all = new Map(drafts.flatMap(({ changes }) => changes.map((change) => [change.path, change])))
      const parents = ['base', ...drafts.keys()] as const
      yield { message: mergeMessage, changes: [...all.values()], parents }
    },
  }
}

function* saved(
  one: Draft,
  commit: CommitId | undefined,
  landing: FinishRequest['landing'],
): Generator<Report> {
  const { job, part, after } = one
  const facts = {
    ...jobFacts(job),
    ...(commit === undefined ? {} : { commit }),
    ...(commit !== undefined && landing === 'branches' ? { branch: branchOf(job) } : {}),
    ...(one.kind === 'record' && part !== null ? { tasks: part.tasks } : {}),
  }
  const result = { action: 'save', path: '.', type: 'dataset', facts } as const
  if (one.kind === 'blocked') yield aboutJob('error', job, { kind: 'not-saved', job: calledName(job) })
  else if (one.kind === 'nothing') yield { ...result, status: 'notneeded', note: { kind: 'nothing-changed' } }
  else {
    yield { ...result, status: 'ok' }
    yield* after
  }
}

function mustHave(commit: CommitId | undefined): CommitId {
  if (commit === undefined) throw new Error('fast-import gave fewer commits than were asked for')
  return commit
}
