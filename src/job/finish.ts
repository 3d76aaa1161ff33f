import { checkCommittable, readHead, type Head } from '../dataset/head.ts'
import { readIdentity } from '../dataset/identity.ts'
import { aboutJob, type EndedJob } from './ended.ts'
import { finishLease, withLease } from './lease.ts'
import type { Context, Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import { addLateFacts } from './late-facts.ts'
import { recoverMoves } from './move.ts'
import type { Note } from './note.ts'
import { observe, type ObservedJob } from './observe.ts'
import { reconcile } from './reconcile.ts'
import { recordJobs } from './record-jobs.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen } from './select.ts'
import { statusText } from './statuses.ts'
import { waitForFacts } from './wait-for-facts.ts'
import { releaseFiles } from './writable-files.ts'

/** What `finish` is asked to do. */
export interface FinishRequest {
  /** As people name them; none means all open jobs of this worktree. */
  readonly jobs: readonly string[]
  readonly message: string | null
  /** A person's word on jobs that no witness can tell about. */
  readonly assume: 'completed' | 'failed' | null
  readonly failedJobs: 'keep' | 'close' | 'commit'
}

/** Records the jobs that have ended, in the order in which they did; says of the others why not. One finish at a time. */
export async function finish(
  context: Context,
  request: FinishRequest,
  report: (report: Report) => void,
): Promise<void> {
  if (request.assume !== null && request.jobs.length === 0) {
    report({ action: 'finish', status: 'impossible', path: '', note: { kind: 'assume-needs-names' } })
    return
  }
  await reconcile(context, report)
  const chosen = choose(context, request, report)
  if (chosen.length === 0 && request.jobs.length === 0) {
    report({ action: 'finish', status: 'notneeded', path: '', note: { kind: 'nothing-open' } })
  }
  if (chosen.length === 0 && context.ledger.awaitingFacts().length === 0) return
  await withLease(context, finishLease, async () => {
    await recoverMoves(context, report)
    const open = stillOpen(context, chosen, report)
    const seen = await observe(context, open, 'facts')
    const head = await readyHead(context, report)
    const ended: EndedJob[] = []
    const stayOpen: Report[] = []
    for (const job of open) {
      const observed = seen.find((one) => one.job.id === job.id)
      const toRecord = await decide(context, request, job, observed, head, (one) =>
        one.status === 'impossible' ? stayOpen.push(one) : report(one),
      )
      if (toRecord !== null) ended.push(toRecord)
    }
    if (head !== null && ended.length > 0) {
      const known = await waitForFacts(context, ended)
      await recordJobs(context, inOrder(known), request.message, report)
    }
    // What is left to do stands last, where it is seen.
    for (const one of stayOpen) report(one)
    await addLateFacts(context, report, new Set(ended.map(({ job }) => job.id)))
  })
}

function choose(context: Context, request: FinishRequest, report: (report: Report) => void): readonly Job[] {
  if (request.jobs.length === 0) {
    const open = context.ledger.openJobs()
    for (const job of open.filter(({ worktree }) => worktree !== context.dataset.root)) {
      report(
        aboutJob('notneeded', job, { kind: 'other-worktree', job: calledName(job), worktree: job.worktree }),
      )
    }
    return open.filter(({ worktree }) => worktree === context.dataset.root)
  }
  const chosen: Job[] = []
  for (const name of request.jobs) {
    const found = findJob(context, name)
    if (!('job' in found)) report(aboutJob('impossible', null, found.note))
    else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      report(aboutJob('notneeded', found.job, { kind: 'already-over', job: name, state, commit }))
    } else if (found.job.worktree !== context.dataset.root) {
      const note = { kind: 'other-worktree', job: name, worktree: found.job.worktree } as const
      report(aboutJob('impossible', found.job, note))
    } else if (!chosen.some((job) => job.id === found.job.id)) chosen.push(found.job)
  }
  return chosen
}

/** While we waited for the lease, another finish may have recorded some of them: say so instead of doing it again. */
function stillOpen(
  context: Context,
  chosen: readonly Job[],
  report: (report: Report) => void,
): readonly Job[] {
  const open: Job[] = []
  for (const { id } of chosen) {
    const job = context.ledger.job(id)
    if (job === null) continue
    if (isOpen(job)) open.push(job)
    else if (job.commit !== null)
      report(aboutJob('notneeded', job, { kind: 'recorded-by-other', commit: job.commit }))
    else
      report(
        aboutJob('notneeded', job, {
          kind: 'already-over',
          job: calledName(job),
          state: job.state,
          commit: null,
        }),
      )
  }
  return open
}

/** HEAD, when commits may be made on it; else null after saying why not. */
async function readyHead(context: Context, report: (report: Report) => void): Promise<Head | null> {
  const head = await readHead(context.dataset)
  const ready = head.ok ? checkCommittable(head.value) : head
  const identity = ready.ok ? await readIdentity(context.dataset) : ready
  const failure = !ready.ok ? ready.failure : !identity.ok ? identity.failure : null
  if (failure !== null) {
    report({
      action: 'finish',
      status: 'impossible',
      path: context.dataset.root,
      type: 'dataset',
      note: failure,
    })
    return null
  }
  return head.ok ? head.value : null
}

async function decide(
  context: Context,
  request: FinishRequest,
  job: Job,
  observed: ObservedJob | undefined,
  head: Head | null,
  report: (report: Report) => void,
): Promise<EndedJob | null> {
  const name = calledName(job)
  if (observed === undefined) {
    const note: Note =
      job.state === 'intended'
        ? { kind: 'still-submitting', job: name }
        : { kind: 'submission-lost', job: name, mayBeOurs: job.user === context.user }
    report(aboutJob('impossible', job, note))
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
    report(aboutJob('impossible', job, notComplete(job, evidence)))
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
  if (how === 'failed' && request.failedJobs === 'keep') {
    report(aboutJob('impossible', job, notComplete(job, evidence)))
    return null
  }
  if (how === 'failed' && request.failedJobs === 'close') {
    await releaseFiles(context, job, report)
    const statuses = statusText(job, evidence)
    context.ledger.change(job.id, context.now(), 'closed', { state: 'closed' }, { statuses })
    report(aboutJob('ok', job, { kind: 'closed-failed', statuses }))
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
  return { job, evidence }
}

/** Takes a person's word for a job that nobody can tell about; it is kept like any other evidence. */
function assume(context: Context, job: Job, how: 'completed' | 'failed'): Evidence {
  const state = how === 'completed' ? 'COMPLETED' : 'FAILED'
  const parts = job.spec.parts.kind === 'array' ? job.spec.parts.indices : ''
  const evidence: Evidence = {
    at: context.now(),
    groups: [{ parts, state, reason: null, exit: null }],
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
  }
}

function inOrder(jobs: readonly EndedJob[]): readonly EndedJob[] {
  return jobs.toSorted((a, b) => (a.evidence.ended ?? 0) - (b.evidence.ended ?? 0) || a.job.id - b.job.id)
}
