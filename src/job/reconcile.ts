import { existsSync } from 'node:fs'
import { jobName } from '../contract/ids.ts'
import { liveness } from '../process/identity.ts'
import { mayHaveMoreJobs } from '../slurm/calls.ts'
import { readEnd } from '../slurm/witnesses.ts'
import { jobFolder, worktreePlace, type Context, type Job } from './context.ts'
import { noteSubmitted } from './arrays/handover.ts'
import { finishLease, tryLease } from './lease.ts'
import { recoverMoves } from './finish/move.ts'
import { releaseFiles } from './writable-files.ts'
import type { Report } from './report.ts'
import { jobFacts } from './select.ts'

/**
 * Goes on from whatever a killed process left behind: branch moves that had begun, and submissions whose outcome nobody
 * noted. Every command calls it first; it costs one query when there is nothing to do.
 */
export async function reconcile(context: Context, report: (report: Report) => void): Promise<void> {
  if (context.ledger.pendingMoves().length > 0) {
    await tryLease(context, finishLease, async () => recoverMoves(context, report))
  }
  adoptMoved(context)
  for (const job of context.ledger.unsubmittedJobs()) await recoverSubmission(context, job, report)
  for (const job of context.ledger.openJobsWithMembers()) await findMoreMembers(context, job, report)
}

/** A command may have left something running that goes on submitting, and an answer of sbatch's may have been lost. */
async function findMoreMembers(context: Context, job: Job, report: (report: Report) => void): Promise<void> {
  const folder = jobFolder(context, job.token)
  if (!mayHaveMoreJobs(folder, context.now())) return
  const known = new Set(job.members.map(({ id }) => id))
  const found = await context.schedulers[job.scheduler].findToken(job.token, job.createdAt, folder, job.user)
  const more = found.kind === 'found' ? (found.members ?? []).filter(({ id }) => !known.has(id)) : []
  if (more.length === 0) return
  const members = [...job.members, ...more]
  context.ledger.change(job.id, context.now(), 'more-members', { members })
  for (const { id } of more) {
    const note = { kind: 'recovered-submitted', job: jobName(job.id), schedulerId: id } as const
    report({
      action: 'recover',
      status: 'ok',
      path: '',
      type: 'job',
      note,
      facts: jobFacts({ ...job, members }),
    })
  }
}

/** The repository, or this worktree, was moved: its jobs go with it. */
function adoptMoved(context: Context): void {
  const { root } = context.dataset
  const place = worktreePlace(context)
  for (const worktree of context.ledger.openWorktrees()) {
    if (worktree === root || existsSync(worktree)) continue
    for (const job of context.ledger.openJobsIn(worktree))
      if (job.spec.place === place) context.ledger.adoptJob(job.id, context.now(), root)
  }
}

async function recoverSubmission(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<void> {
  if (mayStillSubmit(job) || mayGoOnElsewhere(context, job)) return
  // Of one that waits here nothing had begun: it goes on waiting.
  if (job.held !== null && neverBegan(context, job)) return
  if (neverBegan(context, job)) return neverSubmitted(context, job, report)
  const scheduler = context.schedulers[job.scheduler]
  const found = await scheduler.findToken(job.token, job.createdAt, jobFolder(context, job.token), job.user)
  switch (found.kind) {
    case 'found': {
      const noted = noteSubmitted(context, job.id, 'found', {
        schedulerId: found.id,
        cluster: found.cluster,
        submittedAt: found.submittedAt ?? job.createdAt,
        ...(found.members === undefined ? {} : { members: found.members }),
      })
      if (!noted) return
      if (job.held !== null) (await import('./schedule/held.ts')).dropEnvironment(context, job)
      report({
        action: 'recover',
        status: 'ok',
        path: '',
        type: 'job',
        note: { kind: 'recovered-submitted', job: jobName(job.id), schedulerId: found.id },
        facts: jobFacts({
          ...job,
          schedulerId: found.id,
          cluster: found.cluster,
          members: found.members ?? [],
        }),
      })
      return
    }
    case 'absent':
      if (await isSettled(context, job)) await neverSubmitted(context, job, report)
      return
    case 'unanswered':
      if (job.state !== 'unknown')
        context.ledger.change(job.id, context.now(), 'not-found-yet', { state: 'unknown' }, found)
  }
}

/** The end of an intent that nothing came of: its files are put back and its outputs are free. */
async function neverSubmitted(context: Context, job: Job, report: (report: Report) => void): Promise<void> {
  if (job.held !== null) {
    context.ledger.change(job.id, context.now(), 'held-again', { state: 'intended', submitter: null })
    return
  }
  await releaseFiles(context, job, report)
  if (!context.ledger.change(job.id, context.now(), 'never-submitted', { state: 'refused' })) return
  if (job.spec.altDir !== undefined)
    await (await import('./alt-dir/alt-clean.ts')).tryToUndoAltDir(context, job)
  const note = { kind: 'recovered-never-submitted', job: jobName(job.id) } as const
  report({ action: 'recover', status: 'ok', path: '', type: 'job', note, facts: jobFacts(job) })
}

/**
 * A submission that died on this host before its shell stood ready: nothing can have been submitted. Before the machine was
 * started anew, the note of a shell may have been lost.
 */
function neverBegan({ self }: Context, { submitter }: Job): boolean {
  if (submitter === null || submitter.shell !== null) return false
  return liveness(submitter.waybill) === 'dead' && submitter.waybill.boot === self.boot
}

/** Nothing is concluded while the submitting process, or the shell that runs sbatch for it, lives or may live elsewhere. */
function mayStillSubmit(job: Job): boolean {
  if (job.submitter === null) return false
  const { waybill, shell } = job.submitter
  return liveness(waybill) === 'alive' || (shell !== null && liveness(shell) === 'alive')
}

/** A command on another host that has not ended may be submitting one job after the other. */
function mayGoOnElsewhere(context: Context, job: Job): boolean {
  if (job.spec.submitsItself !== true || job.submitter === null) return false
  const elsewhere = liveness(job.submitter.waybill) === 'elsewhere'
  return elsewhere && readEnd(jobFolder(context, job.token)).exitCode === null
}

/**
 * Whether an absent token may be believed: the scheduler must have said `absent` twice, further apart than it may take
 * to answer. From another host nothing can be told, and another user may not be shown the job.
 */
async function isSettled(context: Context, job: Job): Promise<boolean> {
  const elsewhere = job.submitter !== null && liveness(job.submitter.waybill) === 'elsewhere'
  if (elsewhere || job.user !== context.user) return false
  const settles = await context.schedulers[job.scheduler].settleSeconds()
  const first = context.ledger.events(job.id).find((event) => event.kind === 'absent')
  if (first !== undefined) return context.now() - first.at >= settles
  context.ledger.change(job.id, context.now(), 'absent', { state: 'unknown' })
  return settles === 0
}
