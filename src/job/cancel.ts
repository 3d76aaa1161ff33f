import type { Context, Job } from './context.ts'
import type { Note } from './note.ts'
import { referenceTo } from './observe.ts'
import { reconcile } from './reconcile.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen, jobFacts } from './select.ts'

/** Asks the schedulers to end the named jobs. They stay open: only `finish` and `close` end a job's life here. */
export async function cancel(
  context: Context,
  names: readonly string[],
  report: (report: Report) => void,
): Promise<void> {
  await reconcile(context, report)
  const say = (status: Report['status'], job: Job | null, note: Note): void =>
    report({
      action: 'cancel',
      status,
      path: '',
      type: 'job',
      note,
      ...(job === null ? {} : { facts: jobFacts(job) }),
    })
  const jobs = new Map<number, Job>()
  for (const name of names) {
    const found = findJob(context, name)
    if (!('job' in found)) say('impossible', null, found.note)
    else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      say('notneeded', found.job, { kind: 'already-over', job: name, state, commit })
    } else if (found.job.schedulerId === null) {
      say('impossible', found.job, {
        kind: 'job-unknown',
        job: name,
        why: 'it has no id at its scheduler (yet)',
      })
    } else jobs.set(found.job.id, found.job)
  }
  for (const kind of ['slurm', 'local'] as const) {
    const own = [...jobs.values()].filter((job) => job.scheduler === kind)
    if (own.length === 0) continue
    const outcomes = await context.schedulers[kind].cancel(own.map((job) => referenceTo(context, job)))
    for (const [i, job] of own.entries()) {
      const outcome = outcomes[i]
      if (outcome?.kind === 'asked') {
        context.ledger.change(job.id, context.now(), 'cancel-asked', {})
        say('ok', job, { kind: 'cancel-asked' })
      } else if (outcome?.kind === 'already-over')
        say('notneeded', job, { kind: 'ended-already', job: calledName(job) })
      else say('error', job, { kind: 'cancel-failed', words: outcome?.message ?? 'no answer' })
    }
  }
}
