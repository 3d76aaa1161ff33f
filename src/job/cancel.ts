import { jobName, parseRunName } from '../contract/ids.ts'
import type { Context, Job } from './context.ts'
import { isHeld } from './lease.ts'
import type { Note } from './note.ts'
import type { CancelOutcome } from '../contract/scheduler.ts'
import { cancelChildren } from './members/children.ts'
import { referencesTo } from './members/members.ts'
import { reconcile } from './reconcile.ts'
import { giveUpHeld } from './schedule/held.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen, jobFacts, noIdNote } from './select.ts'

/**
 * Asks the schedulers to end the named jobs, or those of the named runs, with what their payloads submitted. They stay open:
 * only `finish` and `close` end a job's life here. One that was not submitted yet is given up.
 */
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
  for (const name of names.flatMap((one) => jobsMeant(context, one, report))) {
    const found = findJob(context, name)
    if (!('job' in found)) say('impossible', null, found.note)
    else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      say('notneeded', found.job, { kind: 'already-over', job: name, state, commit })
    } else if (found.job.held !== null && (await giveUpHeld(context, found.job, report))) {
      say('ok', found.job, { kind: 'held-given-up' })
    } else if (found.job.schedulerId === null) {
      say('impossible', found.job, noIdNote(context, found.job))
    } else jobs.set(found.job.id, found.job)
  }
  const ending: Job[] = []
  for (const kind of ['slurm', 'local'] as const) {
    const own = [...jobs.values()].filter((job) => job.scheduler === kind)
    if (own.length === 0) continue
    const references = own.map((job) => referencesTo(context, job))
    const outcomes = await context.schedulers[kind].cancel(references.flat(), (seconds) =>
      context.progress({ kind: 'waiting-for-slurm', seconds }),
    )
    let next = 0
    for (const [i, job] of own.entries()) {
      const count = references[i]?.length ?? 0
      const outcome = together(outcomes.slice(next, next + count))
      next += count
      if (outcome?.kind !== 'failed') ending.push(job)
      if (outcome?.kind === 'asked') {
        context.ledger.change(job.id, context.now(), 'cancel-asked', {})
        say('ok', job, { kind: 'cancel-asked' })
      } else if (outcome?.kind === 'already-over')
        say('notneeded', job, { kind: 'ended-already', job: calledName(job) })
      else say('error', job, { kind: 'cancel-failed', words: outcome?.message ?? 'no answer' })
    }
  }
  await cancelChildren(context, ending, report)
}

/**
 * The names of the jobs that a name means: of a run, all that are open, and whoever drives it submits nothing more from now
 * on.
 */
function jobsMeant(context: Context, name: string, report: (report: Report) => void): readonly string[] {
  const id = parseRunName(name)
  if (id === null) return [name]
  const say = (status: Report['status'], note: Note): void =>
    report({ action: 'cancel', status, path: '', note, facts: { run: name } })
  const run = context.ledger.run(id)
  if (run === null) {
    say('impossible', { kind: 'no-such-run', run: name })
    return []
  }
  const driven = isHeld(context, `materialize ${run.worktree}`, run.driver)
  const ended = driven ? {} : { ended: context.now() }
  // First: what its driver has submitted until it sees this is among the jobs that are read then.
  const stops = context.ledger.changeRun(id, { state: 'cancelled', ...ended }, ['running'])
  const open = context.ledger.jobsOfRun(run.token).filter(isOpen)
  if (stops) say('ok', { kind: 'run-cancel-asked', run: name, open: open.length, driven })
  else if (open.length === 0) say('notneeded', { kind: 'run-over', run: name, state: run.state })
  // What is just being submitted its driver cancels.
  return open
    .filter((job) => !driven || job.schedulerId !== null || job.held !== null)
    .map((job) => jobName(job.id))
}

/** One word for all jobs behind one of ours: a failure is told before all else. */
function together(outcomes: readonly CancelOutcome[]): CancelOutcome | undefined {
  const of = (kind: CancelOutcome['kind']): CancelOutcome | undefined =>
    outcomes.find((outcome) => outcome.kind === kind)
  return of('failed') ?? of('asked') ?? of('already-over')
}
