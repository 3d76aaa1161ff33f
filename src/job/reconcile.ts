import { jobName } from '../contract/ids.ts'
import { liveness } from '../process/identity.ts'
import { jobFolder, type Context, type Job } from './context.ts'
import { tryLease } from './lease.ts'
import { recoverMoves } from './move.ts'
import { releaseFiles } from './writable-files.ts'
import type { Report } from './report.ts'
import { jobFacts } from './select.ts'

/**
 * Goes on from whatever a killed process left behind: branch moves that had begun, and submissions whose outcome nobody
 * noted. Every command calls it first; it costs one query when there is nothing to do.
 */
export async function reconcile(context: Context, report: (report: Report) => void): Promise<void> {
  if (context.ledger.pendingMoves().length > 0) {
    await tryLease(context, 'finish', async () => recoverMoves(context, report))
  }
  for (const job of context.ledger.openJobs()) {
    if (job.schedulerId === null) await recoverSubmission(context, job, report)
  }
}

async function recoverSubmission(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<void> {
  if (mayStillSubmit(job)) return
  const scheduler = context.schedulers[job.scheduler]
  const found = await scheduler.findToken(job.token, job.createdAt, jobFolder(context, job.token))
  switch (found.kind) {
    case 'found':
      context.ledger.change(job.id, context.now(), 'found', {
        state: 'submitted',
        schedulerId: found.id,
        cluster: found.cluster,
        submittedAt: found.submittedAt ?? job.createdAt,
      })
      report({
        action: 'recover',
        status: 'ok',
        path: '',
        type: 'job',
        note: { kind: 'recovered-submitted', job: jobName(job.id), schedulerId: found.id },
        facts: jobFacts({ ...job, schedulerId: found.id, cluster: found.cluster }),
      })
      return
    case 'absent':
      if (!(await isSettled(context, job))) return
      await releaseFiles(context, job, report)
      context.ledger.change(job.id, context.now(), 'never-submitted', { state: 'refused' })
      report({
        action: 'recover',
        status: 'ok',
        path: '',
        type: 'job',
        note: { kind: 'recovered-never-submitted', job: jobName(job.id) },
        facts: jobFacts(job),
      })
      return
    case 'unanswered':
      if (job.state !== 'unknown')
        context.ledger.change(job.id, context.now(), 'not-found-yet', { state: 'unknown' }, found)
  }
}

/** Nothing is concluded while the submitting process, or the shell that runs sbatch for it, lives or may live elsewhere. */
function mayStillSubmit(job: Job): boolean {
  if (job.submitter === null) return false
  const { waybill, shell } = job.submitter
  return liveness(waybill) === 'alive' || (shell !== null && liveness(shell) === 'alive')
}

/**
 * Whether an absent token may be believed. A shell that never got its word has submitted nothing; else the scheduler
 * must have said `absent` twice, further apart than it may take to answer. On another host nothing can be told.
 */
async function isSettled(context: Context, job: Job): Promise<boolean> {
  const submitter = job.submitter
  if (submitter !== null && liveness(submitter.waybill) === 'elsewhere') return false
  if (job.state === 'intended' && submitter?.shell === null) return true
  const first = context.ledger.events(job.id).find((event) => event.kind === 'absent')
  if (first === undefined) {
    context.ledger.change(job.id, context.now(), 'absent', { state: 'unknown' })
    return (await context.schedulers[job.scheduler].settleSeconds()) === 0
  }
  return context.now() - first.at >= (await context.schedulers[job.scheduler].settleSeconds())
}
