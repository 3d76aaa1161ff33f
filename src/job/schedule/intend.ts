import { ok, type Fallible } from '../../contract/fallible.ts'
import { jobName, type JobId } from '../../contract/ids.ts'
import { intendJob } from '../arrays/handover.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { checkSaved } from '../whole.ts'
import { makeOutputsReady, releaseFiles } from '../writable-files.ts'
import { checkForeign } from './foreign-jobs.ts'
import { writeLaunch } from './launch.ts'
import { aboutDataset, keepScript, type KeptScript, type Prepared } from './prepared.ts'
import { speaksOf } from './request.ts'

/** Notes the job and makes its outputs ready; null after saying why that cannot be. A kill here submits nothing. */
export async function intend(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
): Promise<Intended | null> {
  const job = reserve(context, prepared, report)
  return job === null ? null : makeFiles(context, prepared, job, report)
}

/** A job that is noted and whose files are ready. */
export interface Intended {
  readonly job: Job
  readonly stdinFile: string | null
}

/** Notes the job with its reservations; null after saying what stands in the way. */
export function reserve(context: Context, prepared: Prepared, report: (report: Report) => void): Job | null {
  const refuse = (note: Note): null => {
    report(aboutDataset(context, 'impossible', note))
    return null
  }
  const free = prepared.request.checkOutputs ? checkForeign(context, prepared.reserved) : ok(null)
  if (!free.ok) return refuse(free.failure)
  const intended = intendJob(
    context,
    {
      token: context.newToken(),
      scheduler: prepared.command.scheduler,
      createdAt: context.now(),
      user: context.user,
      worktree: context.dataset.root,
      branch: prepared.branch,
      submitter: { waybill: context.self, shell: null },
      spec: prepared.spec,
    },
    prepared.reserved,
    prepared.request.checkOutputs,
  )
  if ('taken' in intended) return refuse({ kind: 'replaced-meanwhile' })
  if ('conflict' in intended) {
    const { wanted, reserved, job } = intended.conflict
    return refuse({ kind: 'output-conflict', wanted, reserved, ...named(context, job) })
  }
  return mustFind(context, intended.id)
}

/** Makes the files that the submission needs; null after saying why not, and giving the job up. */
export async function makeFiles(
  context: Context,
  prepared: Prepared,
  job: Job,
  report: (report: Report) => void,
  alike: KeptScript | null = null,
): Promise<Intended | null> {
  const kept = keepScript(context, prepared, jobFolder(context, job.token), alike)
  const launched = kept.ok ? writeLaunch(context, prepared, job) : kept
  const ready = launched.ok ? await makeReady(context, prepared, job, report) : launched
  if (kept.ok && ready.ok) return { job, stdinFile: kept.value }
  await giveUp(context, job, report)
  if (!ready.ok) report(aboutDataset(context, 'impossible', ready.failure))
  return null
}

/** Makes the outputs writable; where all may change, nothing may have changed before: nobody could tell whose it was. */
async function makeReady(
  context: Context,
  prepared: Prepared,
  job: Job,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  if (prepared.spec.whole) return checkSaved(context)
  const { freshOutputs, assumeReady } = prepared.request
  if (speaksOf(assumeReady, 'outputs')) return ok(null)
  // A job that runs elsewhere writes to nothing here.
  if (job.spec.altDir !== undefined) return ok(null)
  return makeOutputsReady(context, job, freshOutputs, report)
}

/** The end of a job that was never submitted: its files are put back, its outputs are free. */
export async function giveUp(context: Context, job: Job, report: (report: Report) => void): Promise<void> {
  await releaseFiles(context, job, report)
  context.ledger.change(job.id, context.now(), 'refused', { state: 'refused' })
  if (job.spec.altDir !== undefined)
    await (await import('../alt-dir/alt-clean.ts')).tryToUndoAltDir(context, job)
}

/** How a result names a job that is in the way. */
export function named(
  context: Context,
  id: JobId,
): { readonly job: string; readonly schedulerId: string | null } {
  return { job: jobName(id), schedulerId: context.ledger.job(id)?.schedulerId ?? null }
}

/** A job that is there for sure. */
export function mustFind(context: Context, id: JobId): Job {
  const job = context.ledger.job(id)
  if (job === null) throw new Error(`job ${id} vanished from the ledger`)
  return job
}
