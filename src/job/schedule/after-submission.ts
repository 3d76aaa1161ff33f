import type { SubmitOutcome } from '../../contract/scheduler.ts'
import type { Context, Job } from '../context.ts'
import { referencesTo } from '../members/members.ts'
import type { Note } from '../note.ts'
import { aboutDataset } from './prepared.ts'
import type { Report } from '../report.ts'
import { jobFacts } from '../select.ts'
import type { JobSpec } from '../spec.ts'

/** Keeps what the scheduler says of a job now: by the time it is recorded it may have been forgotten. */
export async function noteDescription(context: Context, job: Job): Promise<void> {
  const references = referencesTo(context, job)
  const described = await context.schedulers[job.scheduler].describe(references)
  const [first] = described
  const known = references.flatMap(({ id }, i) => (described[i] ? [[id, described[i]] as const] : []))
  const data = job.members.length === 0 ? first : Object.fromEntries(known)
  if (known.length > 0)
    context.ledger.unforced(() => context.ledger.change(job.id, context.now(), 'described', {}, data))
}

/** The same for many plain jobs, by one question. */
export async function noteDescriptions(context: Context, jobs: readonly Job[]): Promise<void> {
  if (jobs.length === 0) return
  const described = await context.schedulers.slurm.describe(jobs.flatMap((job) => referencesTo(context, job)))
  context.ledger.transaction(() => {
    for (const [i, job] of jobs.entries())
      if (described[i] != null) context.ledger.change(job.id, context.now(), 'described', {}, described[i])
  })
}

/** What there is to say of a submission that no job came of. */
export function withoutJob(
  spec: JobSpec,
  outcome: Extract<SubmitOutcome, { kind: 'refused' | 'no-job' }>,
): { readonly status: Report['status']; readonly note: Note } {
  const { cmd } = spec
  const { kind, exitCode, stdout, stderr } = outcome
  if (spec.submitsItself)
    return { status: 'impossible', note: { kind: 'submitted-nothing', cmd, exitCode, words: stderr } }
  if (kind === 'no-job') return { status: 'notneeded', note: { kind, cmd } }
  return { status: 'impossible', note: { kind, words: stderr || stdout, exitCode } }
}

/** A command that submitted jobs and then failed: they are there all the same. */
export function failedAfter(context: Context, job: Job, exitCode: number): Report {
  const note = { kind: 'command-failed', submitted: job.members.length, exitCode } as const
  return { ...aboutDataset(context, 'ok', note), action: 'command', facts: jobFacts(job) }
}
