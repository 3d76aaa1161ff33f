import { jobName, type JobId, type SchedulerJobId } from '../contract/ids.ts'
import type { Context, Job } from './context.ts'
import type { Note } from './note.ts'

/** Finds the job that a person means by `w12`, by Slurm's `4711`, or by one of its tasks (`4711_3`). */
export function findJob(context: Context, name: string): { readonly job: Job } | { readonly note: Note } {
  const own = /^w(\d+)(?:_\d+)?$/.exec(name)
  if (own !== null) {
    const job = context.ledger.job(Number(own[1]) as JobId)
    return job === null ? { note: { kind: 'no-such-job', job: name } } : { job }
  }
  const id = /^(\d+)(?:[_+]\d+)?$/.exec(name)?.[1]
  const found = id === undefined ? [] : context.ledger.jobsBySchedulerId(id as SchedulerJobId)
  const open = found.filter(isOpen)
  if (open.length > 1) {
    return { note: { kind: 'ambiguous-job', job: name, candidates: open.map((job) => jobName(job.id)) } }
  }
  const job = open[0] ?? found[0]
  return job === undefined ? { note: { kind: 'no-such-job', job: name } } : { job }
}

/** What names a job: all that is kept of its row where there are very many. */
export type JobLabel = Pick<Job, 'id' | 'scheduler' | 'schedulerId' | 'members' | 'cluster'>

/** Whether a job still waits for its record. */
export function isOpen(job: Job): boolean {
  return job.state !== 'recorded' && job.state !== 'closed' && job.state !== 'refused'
}

/** What people call a job: the scheduler's id where it has one, else ours. */
export function calledName(job: Pick<Job, 'id' | 'schedulerId'>): string {
  return job.schedulerId ?? jobName(job.id)
}

/** Why nothing can be done about an open job that has no id at its scheduler. */
export function noIdNote(context: Context, job: Job): Note {
  return job.state === 'intended'
    ? { kind: 'still-submitting', job: calledName(job) }
    : { kind: 'submission-lost', job: calledName(job), mayBeOurs: job.user === context.user }
}

/** Facts that every result about a job carries. */
export function jobFacts(job: JobLabel): Readonly<Record<string, unknown>> {
  return {
    job: jobName(job.id),
    ...(job.scheduler === 'slurm' && job.schedulerId !== null
      ? { slurm_job_id: Number(job.schedulerId) }
      : {}),
    ...(job.members.length === 0 ? {} : { slurm_job_ids: job.members.map(({ id }) => Number(id)) }),
    ...(job.cluster === null ? {} : { cluster: job.cluster }),
  }
}
