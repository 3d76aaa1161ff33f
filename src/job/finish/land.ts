import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { writeCommits, type NewCommit } from '../../dataset/commits.ts'
import { branchAndMark, type Landed } from './branch-move.ts'
import { commitTime } from '../schedule/commit-time.ts'
import type { Context } from '../context.ts'
import type { Draft } from './draft.ts'
import { aboutJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Gathered } from './gather.ts'
import { branchOf } from './job-branches.ts'
import { moveAndMark } from './move.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, jobFacts } from '../select.ts'
import { aboutRest } from '../arrays/tell-tasks.ts'

/** What datalad-slurm calls the merge of all branches. */
const mergeMessage = 'Merge all branches from finished jobs'

/** Writes the commits, brings them to where they are to stand and marks the jobs; what was done, or why it could not be. */
export async function land(
  context: Context,
  gathered: Gathered,
  landing: FinishRequest['landing'],
): Promise<Fallible<readonly Report[], Note>> {
  const { dataset } = context
  const { drafts, from, operation } = gathered
  const wanted = drafts.filter(({ kind }) => kind === 'record')
  // One branch that begins where we stand is merged by moving on to it, as git does.
  const beside = landing === 'branches' || (landing === 'octopus' && wanted.length > 1)
  if (beside && from === null) return fail({ kind: 'no-commit-yet' })
  const written = await writeCommits(dataset, {
    parent: from,
    commits: wanted.length === 0 ? [] : beside ? besideEachOther(wanted) : wanted.map(commitOf),
    operation,
    when: commitTime(context),
  })
  if (!written.ok) return written
  const commits = new Map(wanted.map((one, i) => [one, mustHave(written.value[i])]))
  const landed = await bring(context, gathered, landing, commits, written.value.at(-1))
  if (!landed.ok) return landed
  for (const { collection } of drafts.filter(({ kind }) => kind === 'nothing')) {
    context.ledger.change(collection.ended.job.id, context.now(), 'nothing-changed', { state: 'closed' })
  }
  const merge = landing === 'octopus' && beside ? written.value.at(-1) : undefined
  return ok([
    ...drafts.flatMap((one) => {
      const commit = commits.get(one)
      const stands = commit === undefined || landed.value.commits.has(commit)
      return [...one.reports, ...saved(stands ? one : { ...one, kind: 'blocked' }, commit, landing)]
    }),
    ...landed.value.reports,
    ...(merge === undefined
      ? []
      : [{ action: 'merge', status: 'ok', path: '.', type: 'dataset', facts: { commit: merge } } as const]),
  ])
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
  const jobs = [...commits].map(
    ([
      {
        collection: { ended },
      },
      commit,
    ]) => ({
      job: ended.job.id,
      commit,
      ...(ended.part?.keepsOpen ? { tasks: ended.part.tasks } : {}),
    }),
  )
  const reflog = `waybill: record ${jobs.length === 1 ? 'a job' : `${jobs.length} jobs`}`
  if (landing === 'branches') {
    const branches = [...commits].map(([{ collection }, commit]) => ({
      ref: `refs/heads/${branchOf(collection.ended.job)}`,
      commit,
    }))
    return branchAndMark(context, { operation, keeper: last, branches, reflog }, jobs)
  }
  const moved = await moveAndMark(context, { operation, ref, from, to: last, reflog }, jobs)
  return moved.ok ? ok({ commits: new Set(commits.values()), reports: [] }) : moved
}

function commitOf({ text, changes }: Draft): NewCommit {
  return { message: text, changes }
}

/**
 * Each on the same commit, and above them the merge of all: for branches it only keeps them from gc until they stand. Where
 * two jobs have the same path it has the same content, since all of them were read from one work tree; and of pointers to a
 * subdataset the last one holds the others.
 */
function besideEachOther(drafts: readonly Draft[]): readonly NewCommit[] {
  const all = new Map(drafts.flatMap(({ changes }) => changes.map((change) => [change.path, change])))
  return [
    ...drafts.map((one): NewCommit => ({ ...commitOf(one), parents: ['base'] })),
    { message: mergeMessage, changes: [...all.values()], parents: ['base', ...drafts.keys()] },
  ]
}

function saved(
  one: Draft,
  commit: CommitId | undefined,
  landing: FinishRequest['landing'],
): readonly Report[] {
  const { job, part, evidence } = one.collection.ended
  const facts = {
    ...jobFacts(job),
    ...(commit === undefined ? {} : { commit }),
    ...(commit !== undefined && landing === 'branches' ? { branch: branchOf(job) } : {}),
  }
  if (one.kind === 'blocked') return [aboutJob('error', job, { kind: 'not-saved', job: calledName(job) })]
  const result = { action: 'save', path: '.', type: 'dataset', facts } as const
  if (one.kind === 'nothing') return [{ ...result, status: 'notneeded', note: { kind: 'nothing-changed' } }]
  const done: Report = {
    ...result,
    status: 'ok',
    facts: { ...facts, ...(part === undefined ? {} : { tasks: part.tasks }) },
  }
  return part?.keepsOpen ? [done, aboutRest(job, part, evidence)] : [done]
}

function mustHave(commit: CommitId | undefined): CommitId {
  if (commit === undefined) throw new Error('fast-import gave fewer commits than were asked for')
  return commit
}
