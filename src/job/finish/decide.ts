import type { Head } from '../../dataset/head.ts'
import { compactIndices } from '../../contract/index-set.ts'
import { completedTasks, recordedTasks, restOf } from '../arrays/array-part.ts'
import { aboutJob, type ArrayPart, type EndedJob } from './ended.ts'
import type { Context, Job } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import { replacementOf } from '../arrays/handover.ts'
import type { FinishRequest } from './finish-request.ts'
import { neverRun, stillHeld } from './in-graph.ts'
import { tellChildrenLeft } from '../members/children.ts'
import { schedulerJobs } from '../members/members.ts'
import type { Note } from '../note.ts'
import type { ObservedJob } from '../observe.ts'
import type { Report } from '../report.ts'
import { calledName, noIdNote } from '../select.ts'
import { statusText } from '../statuses.ts'
import { releaseFiles } from '../writable-files.ts'

/** Whether a job is to be recorded now: the job with what is known of its end, or null after saying why not. */
export async function decide(
  context: Context,
  request: FinishRequest,
  job: Job,
  observed: ObservedJob | undefined,
  head: Head | null,
  report: (report: Report) => void,
): Promise<EndedJob | null> {
  const name = calledName(job)
  if (job.held !== null) {
    report(aboutJob('notneeded', job, { kind: 'held-back', cmd: job.spec.cmd, why: job.held.why }))
    return null
  }
  if (observed === undefined) {
    report(aboutJob('impossible', job, noIdNote(context, job)))
    return null
  }
  const { verdict, evidence } = observed
  if (verdict.kind === 'unanswered') {
    report(aboutJob('impossible', job, { kind: 'job-unanswered', job: name, why: verdict.why }))
    return null
  }
  if (verdict.kind === 'unknown') {
    if (request.assume === null) {
      report(aboutJob('impossible', job, { kind: 'job-unknown', job: name, why: verdict.why }))
      return null
    }
    const assumed = assume(context, job, request.assume)
    return decideEnded(context, request, job, assumed, request.assume, head, report)
  }
  if (request.assume !== null && evidence?.assumed === undefined) {
    report(
      aboutJob('impossible', job, { kind: 'assume-not-needed', job: name, state: statusText(job, evidence) }),
    )
    return null
  }
  if (verdict.kind !== 'ended' || evidence === null) {
    report(aboutJob('impossible', job, stillHeld(context, job, evidence) ?? notComplete(job, evidence)))
    return null
  }
  return decideEnded(context, request, job, evidence, verdict.how, head, report)
}

async function decideEnded(
  context: Context,
  request: FinishRequest,
  job: Job,
  evidence: Evidence,
  how: 'completed' | 'failed',
  head: Head | null,
  report: (report: Report) => void,
): Promise<EndedJob | null> {
  const replacement = replacementOf(context, job.id)
  if (replacement !== null) {
    const note = { kind: 'being-replaced', job: calledName(job), by: calledName(replacement) } as const
    report(aboutJob('impossible', job, note))
    return null
  }
  const asked = partOf(request, job, evidence, how)
  if (asked === 'recorded' && request.failedJobs !== 'close') {
    const note = {
      kind: 'tasks-recorded',
      job: calledName(job),
      statuses: statusText(job, evidence),
    } as const
    report(aboutJob('notneeded', job, { ...note, recorded: recordedTasks(job) }))
    return null
  }
  const part = asked === 'recorded' ? null : asked
  if (how === 'failed' && request.failedJobs === 'keep' && !part?.keepsOpen) {
    report(aboutJob('impossible', job, neverRun(context, job, evidence) ?? notComplete(job, evidence)))
    return null
  }
  if (how === 'failed' && request.failedJobs === 'close' && !part?.keepsOpen) {
    await releaseFiles(context, job, report)
    const statuses = statusText(job, evidence)
    context.ledger.change(job.id, context.now(), 'closed', { state: 'closed' }, { statuses })
    report(aboutJob('ok', job, { kind: 'closed-failed', statuses, recorded: recordedTasks(job) }))
    await tellChildrenLeft(context, job, report)
    if (job.spec.altDir !== undefined)
      report(aboutJob('ok', job, { kind: 'alt-dir-left', dir: job.spec.altDir }))
    return null
  }
  if (head === null) return null
  if (head.ref !== job.branch) {
    const now = head.ref ?? 'a detached HEAD'
    report(
      aboutJob('impossible', job, { kind: 'other-branch', job: calledName(job), branch: job.branch, now }),
    )
    return null
  }
  return { job, evidence, ...(part === null ? {} : { part }) }
}

/**
 * Which part of an array is to be recorded: null for all of a job; `recorded` where the user asks for completed tasks and
 * all those have their record.
 */
function partOf(
  request: FinishRequest,
  job: Job,
  evidence: Evidence,
  how: 'completed' | 'failed',
): ArrayPart | 'recorded' | null {
  if (how === 'failed' && request.completedTasks) {
    const tasks = compactIndices(completedTasks(job, evidence))
    if (tasks !== '') return { tasks, keepsOpen: true, templates: job.spec.taskOutputs ?? [] }
    if (job.recorded.length > 0) return 'recorded'
  }
  return restOf(job)
}

/** Takes a person's word for a job that nobody can tell about; it is kept like any other evidence. */
function assume(context: Context, job: Job, how: 'completed' | 'failed'): Evidence {
  const state = how === 'completed' ? 'COMPLETED' : 'FAILED'
  const evidence: Evidence = {
    at: context.now(),
    groups: schedulerJobs(job).map(({ id, parts }) => ({
      ...(job.members.length === 0 ? {} : { job: id }),
      parts: parts.kind === 'array' ? parts.indices : '',
      state,
      reason: null,
      exit: null,
    })),
    started: job.observed?.started ?? null,
    ended: job.observed?.ended ?? null,
    facts: job.observed?.facts ?? {},
    attempts: job.observed?.attempts ?? [],
    accounting: 'off',
    assumed: how,
  }
  context.ledger.change(
    job.id,
    context.now(),
    'assumed',
    { state: 'ended', observed: evidence },
    { how, by: context.user },
  )
  return evidence
}

function notComplete(job: Job, evidence: Evidence | null): Note {
  return {
    kind: 'not-complete',
    scheduler: job.scheduler,
    job: calledName(job),
    statuses: statusText(job, evidence),
    recorded: recordedTasks(job),
  }
}
