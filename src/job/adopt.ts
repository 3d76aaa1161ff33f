import type { SchedulerJobId } from '../contract/ids.ts'
import { jobFolder, type Context } from './context.ts'
import { noteSubmitted } from './arrays/handover.ts'
import type { Note } from './note.ts'
import { reconcile } from './reconcile.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen, jobFacts } from './select.ts'

/**
 * Takes a person's word for which Slurm job a submission became whose answer was lost. Slurm must know the job, as one
 * submitted at that time or later, and no other job of ours may have it.
 */
export async function adopt(
  context: Context,
  request: { readonly job: string; readonly schedulerId: string },
  report: (report: Report) => void,
): Promise<void> {
  await reconcile(context, report)
  const found = findJob(context, request.job)
  const say = (status: Report['status'], note: Note): void =>
    report({ action: 'adopt', status, path: '', type: 'job', note })
  if (!('job' in found)) return say('impossible', found.note)
  const { job } = found
  const name = calledName(job)
  if (!isOpen(job))
    return say('notneeded', { kind: 'already-over', job: name, state: job.state, commit: job.commit })
  if (job.scheduler !== 'slurm' || job.schedulerId !== null)
    return say('notneeded', { kind: 'has-its-id', job: name })
  const id = request.schedulerId as SchedulerJobId
  const taken = context.ledger.jobsBySchedulerId(id).find((one) => one.cluster === job.cluster && isOpen(one))
  if (taken !== undefined)
    return say('impossible', { kind: 'id-taken', schedulerId: id, job: `w${taken.id}` })
  const reference = {
    id,
    cluster: job.cluster,
    user: job.user,
    submittedAt: job.createdAt,
    token: job.token,
    folder: jobFolder(context, job.token),
  }
  const { queue, accounting } = await context.schedulers.slurm.look([reference], { depth: 'states' })
  const said = [queue, accounting].flatMap((one) => (one.answered ? one.rows : []))
  const row = said.find((one) => one.job === id)
  if (row === undefined) return say('impossible', { kind: 'not-at-scheduler', schedulerId: id })
  const noted = noteSubmitted(
    context,
    job.id,
    'adopted',
    {
      schedulerId: id,
      cluster: row.cluster ?? job.cluster,
      submittedAt: row.submitted ?? job.createdAt,
    },
    { by: context.user },
  )
  const now = context.ledger.job(job.id)
  if (noted && now !== null) {
    const note = { kind: 'recovered-submitted', job: `w${job.id}`, schedulerId: id } as const
    report({ action: 'adopt', status: 'ok', path: '', type: 'job', note, facts: jobFacts(now) })
  }
}
