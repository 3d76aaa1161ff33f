import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId, JobId } from '../../contract/ids.ts'
import { atOrAfter } from '../../dataset/descendants.ts'
import { resolveRevision } from '../../dataset/log.ts'
import { aboutJob } from './ended.ts'
import type { Context } from '../context.ts'
import type { FinishRequest } from './finish-request.ts'
import { inPieces, oneByOne } from '../in-pieces.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, findJob, isOpen } from '../select.ts'

/**
 * The open jobs of this worktree that `finish` is to look at, by their numbers; says of the others why not. A name that is no
 * job's may be a commit's: it stands for all open jobs that were submitted there or after it.
 */
export async function chooseJobs(
  context: Context,
  request: FinishRequest,
  report: (report: Report) => void,
): Promise<readonly JobId[]> {
  const { jobs, since } = request
  const chosen = jobs.length === 0 ? openHere(context, report) : await namedJobs(context, jobs, report)
  if (since === null) return chosen
  const later = await submittedSince(context, since, chosen)
  if (!later.ok) {
    report(aboutJob('impossible', null, later.failure))
    return []
  }
  const isLater = new Set(later.value)
  const earlier = jobs.length === 0 ? [] : chosen.filter((id) => !isLater.has(id))
  for (const job of oneByOne(inPieces(context, earlier))) {
    const note = { kind: 'submitted-before', job: calledName(job), revision: since } as const
    report(aboutJob('notneeded', job, note))
  }
  if (jobs.length === 0 && later.value.length === 0)
    report(aboutJob('notneeded', null, { kind: 'none-since', revision: since }))
  return later.value
}

function openHere(context: Context, report: (report: Report) => void): readonly JobId[] {
  const here = context.ledger.openIdsIn(context.dataset.root)
  const elsewhere = context.ledger.openIds().filter((id) => !here.has(id))
  for (const job of oneByOne(inPieces(context, elsewhere))) {
    report(
      aboutJob('notneeded', job, { kind: 'other-worktree', job: calledName(job), worktree: job.worktree }),
    )
  }
  if (here.size === 0) report(aboutJob('notneeded', null, { kind: 'nothing-open' }))
  return [...here]
}

async function namedJobs(
  context: Context,
  names: readonly string[],
  report: (report: Report) => void,
): Promise<readonly JobId[]> {
  const chosen = new Set<JobId>()
  for (const name of names) {
    const found = findJob(context, name)
    if (!('job' in found)) {
      const since = await jobsOfCommit(context, name)
      if (!since.ok) report(aboutJob('impossible', null, found.note))
      else for (const id of since.value) chosen.add(id)
      if (since.ok && since.value.length === 0)
        report(aboutJob('notneeded', null, { kind: 'none-since', revision: name }))
    } else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      report(aboutJob('notneeded', found.job, { kind: 'already-over', job: name, state, commit }))
    } else if (found.job.worktree !== context.dataset.root) {
      const note = { kind: 'other-worktree', job: name, worktree: found.job.worktree } as const
      report(aboutJob('impossible', found.job, note))
    } else chosen.add(found.job.id)
  }
  return [...chosen]
}

/** The open jobs that a commit stands for. Digits alone, and our names, are jobs', never commits'. */
async function jobsOfCommit(context: Context, name: string): Promise<Fallible<readonly JobId[], Note>> {
  if (/^w?\d+(?:[_+]\d+)?$/.test(name)) return fail({ kind: 'no-such-job', job: name })
  return submittedSince(context, name, [...context.ledger.openIdsIn(context.dataset.root)])
}

/** Those of the jobs that were submitted when HEAD was at that revision, or after it. */
async function submittedSince(
  context: Context,
  revision: string,
  jobs: readonly JobId[],
): Promise<Fallible<readonly JobId[], Note>> {
  const base = await resolveRevision(context.dataset, revision)
  if (!base.ok) return base
  const commitOf = new Map<JobId, CommitId>()
  for (const { id, spec } of oneByOne(inPieces(context, jobs)))
    if (spec.commit !== null) commitOf.set(id, spec.commit)
  const later = await atOrAfter(context.dataset, base.value, commitOf.values())
  if (!later.ok) return later
  return ok(
    jobs.filter((id) => {
      const commit = commitOf.get(id)
      return commit !== undefined && later.value.has(commit)
    }),
  )
}
