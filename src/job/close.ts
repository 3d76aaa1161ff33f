import { existsSync } from 'node:fs'
import type { Context, Job } from './context.ts'
import { finishLease, withLease } from './lease.ts'
import type { Note } from './note.ts'
import { observe } from './observe.ts'
import { reconcile } from './reconcile.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen, jobFacts } from './select.ts'
import { giveUpHeld } from './schedule/held.ts'
import { releaseFiles } from './writable-files.ts'

/** Gives jobs up: reservations are released and no record is made; files stay, and the ledger keeps what happened. */
export async function close(
  context: Context,
  request: { readonly jobs: readonly string[]; readonly force: boolean },
  report: (report: Report) => void,
): Promise<void> {
  await reconcile(context, report)
  // A finish that is under way may be recording it.
  await withLease(context, finishLease, async () => {
    for (const name of request.jobs) {
      const found = findJob(context, name)
      if ('job' in found) await closeOne(context, found.job, request.force, report)
      else report({ action: 'close', status: 'impossible', path: '', type: 'job', note: found.note })
    }
  })
}

async function closeOne(
  context: Context,
  job: Job,
  force: boolean,
  report: (report: Report) => void,
): Promise<void> {
  const say = (status: Report['status'], note: Note): void =>
    report({ action: 'close', status, path: '', type: 'job', note, facts: jobFacts(job) })
  const name = calledName(job)
  if (!isOpen(job)) {
    say('notneeded', { kind: 'already-over', job: name, state: job.state, commit: job.commit })
    return
  }
  // Where the worktree is gone there is no other place to give it up.
  if (job.worktree !== context.dataset.root && existsSync(job.worktree)) {
    say('impossible', { kind: 'other-worktree', job: name, worktree: job.worktree })
    return
  }
  if (job.held !== null && (await giveUpHeld(context, job, report)))
    return say('ok', { kind: 'held-given-up' })
  const [seen] = await observe(context, [job], 'states')
  // A job that cannot be told to be over may still write into outputs that the next job would get.
  const mayRun =
    seen === undefined
      ? job.state === 'intended'
      : seen.verdict.kind !== 'ended' && seen.verdict.kind !== 'unknown'
  if (mayRun && !force) {
    say('impossible', { kind: 'still-running', job: name })
    return
  }
  await releaseFiles(context, job, report)
  context.ledger.change(job.id, context.now(), 'closed', { state: 'closed' }, { by: context.user })
  say('ok', { kind: 'closed' })
  if (job.spec.altDir !== undefined) say('ok', { kind: 'alt-dir-left', dir: job.spec.altDir })
}
