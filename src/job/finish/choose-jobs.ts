import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { atOrAfter } from '../../dataset/descendants.ts'
import { resolveRevision } from '../../dataset/log.ts'
import { aboutJob } from './ended.ts'
import type { Context, Job } from '../context.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, findJob, isOpen } from '../select.ts'

/**
 * The open jobs of this worktree that `finish` is to look at; says of the others why not. A name that is no job's may be a
 * commit's: it stands for all open jobs that were submitted there or after it.
 */
export async function chooseJobs(
  context: Context,
  request: FinishRequest,
  report: (report: Report) => void,
): Promise<readonly Job[]> {
  const { jobs, since } = request
  const chosen = jobs.length === 0 ? openHere(context, report) : await namedJobs(context, jobs, report)
  if (since === null) return chosen
  const later = await submittedSince(context, since, chosen)
  if (!later.ok) {
    report(aboutJob('impossible', null, later.failure))
    return []
  }
  for (const job of jobs.length === 0 ? [] : chosen.filter((one) => !later.value.includes(one))) {
    const note = { kind: 'submitted-before', job: calledName(job), revision: since } as const
    report(aboutJob('notneeded', job, note))
  }
  if (jobs.length === 0 && later.value.length === 0)
    report(aboutJob('notneeded', null, { kind: 'none-since', revision: since }))
  return later.value
}

function openHere(context: Context, report: (report: Report) => void): readonly Job[] {
  const open = context.ledger.openJobs()
  for (const job of open.filter(({ worktree }) => worktree !== context.dataset.root)) {
    report(
      aboutJob('notneeded', job, { kind: 'other-worktree', job: calledName(job), worktree: job.worktree }),
    )
  }
  const here = open.filter(({ worktree }) => worktree === context.dataset.root)
  if (here.length === 0) report(aboutJob('notneeded', null, { kind: 'nothing-open' }))
  return here
}

async function namedJobs(
  context: Context,
  names: readonly string[],
  report: (report: Report) => void,
): Promise<readonly Job[]> {
  const chosen = new Map<number, Job>()
  for (const name of names) {
    const found = findJob(context, name)
    if (!('job' in found)) {
      const since = await jobsOfCommit(context, name)
      if (!since.ok) report(aboutJob('impossible', null, found.note))
      else for (const job of since.value) chosen.set(job.id, job)
      if (since.ok && since.value.length === 0)
        report(aboutJob('notneeded', null, { kind: 'none-since', revision: name }))
    } else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      report(aboutJob('notneeded', found.job, { kind: 'already-over', job: name, state, commit }))
    } else if (found.job.worktree !== context.dataset.root) {
      const note = { kind: 'other-worktree', job: name, worktree: found.job.worktree } as const
      report(aboutJob('impossible', found.job, note))
    } else chosen.set(found.job.id, found.job)
  }
  return [...chosen.values()]
}

/** The open jobs that a commit stands for. Digits alone, and our names, are jobs', never commits'. */
async function jobsOfCommit(context: Context, name: string): Promise<Fallible<readonly Job[], Note>> {
  if (/^w?\d+(?:[_+]\d+)?$/.test(name)) return fail({ kind: 'no-such-job', job: name })
  const here = context.ledger.openJobsIn(context.dataset.root)
  return submittedSince(context, name, here)
}

/** Those of the jobs that were submitted when HEAD was at that revision, or after it. */
async function submittedSince(
  context: Context,
  revision: string,
  jobs: readonly Job[],
): Promise<Fallible<readonly Job[], Note>> {
  const base = await resolveRevision(context.dataset, revision)
  if (!base.ok) return base
  const commits = jobs.flatMap(({ spec }) => (spec.commit === null ? [] : [spec.commit]))
  const later = await atOrAfter(context.dataset, base.value, commits)
  if (!later.ok) return later
  return ok(jobs.filter(({ spec }) => spec.commit !== null && later.value.has(spec.commit)))
}
