import { ok, type Fallible } from '../../contract/fallible.ts'
import { jobName, type JobId } from '../../contract/ids.ts'
import type { HeldSubmission, SubmitOutcome } from '../../contract/scheduler.ts'
import { askOnly } from './ask-only.ts'
import { startingDirectory } from '../alt-dir/alt-dir.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { checkForeign } from './foreign-jobs.ts'
import { intendJob, noteSubmitted } from '../arrays/handover.ts'
import type { Note } from '../note.ts'
import { failedAfter, noteDescription, withoutJob } from './after-submission.ts'
import type { Report } from '../report.ts'
import {
  aboutDataset,
  filledCommand,
  keepScript,
  type KeptScript,
  type Prepared,
  type Show,
} from './prepared.ts'
import { speaksOf } from './request.ts'
import { jobFacts } from '../select.ts'
import { checkSaved } from '../whole.ts'
import { makeOutputsReady, releaseFiles } from '../writable-files.ts'

/** What came of `schedule`. */
export interface Scheduled {
  /** The exit code of the user's own command, where that says more (`sbatch --wait`). */
  readonly exitCode: number | null
  /** The job that was submitted; null when none was, or nobody knows. */
  readonly job: JobId | null
}

const nothing: Scheduled = { exitCode: null, job: null }

/** Reserves, submits once, and notes what came of it. `begun` is told the job's number before it is submitted. */
export async function submit(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
  show: Show,
  begun: (job: JobId) => void,
): Promise<Scheduled> {
  if (prepared.command.sbatch?.submitsNothing)
    return { exitCode: await askOnly(context, prepared, report, show), job: null }
  warnOfOpenInputs(context, prepared, report)
  const started = await intendAndBegin(context, prepared, report, begun)
  if (started === null) return nothing
  const outcome = await started.outcome
  show(outcome.stdout, outcome.kind === 'refused' || outcome.kind === 'unknown' ? '' : outcome.stderr)
  return conclude(context, started.id, outcome, prepared, report)
}

/** A submission that is under way, or known already. */
interface Begun {
  readonly id: JobId
  readonly outcome: Promise<SubmitOutcome>
}

/** From the intent to the moment the job's id is known Ctrl-C must not cut it in two. */
async function intendAndBegin(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
  begun: (job: JobId) => void,
): Promise<Begun | null> {
  if (prepared.spec.altDir === undefined) {
    return context.critical(async () => {
      const intended = await intend(context, prepared, report)
      if (intended === null) return null
      begun(intended.job.id)
      return begin(context, prepared, intended.job, intended.stdinFile)
    })
  }
  const intended = await context.critical(async () => intend(context, prepared, report))
  if (intended === null) return null
  const { prepareAltDir } = await import('../alt-dir/alt-inputs.ts')
  // Copying may take long, and may be cut anywhere: whoever comes next takes it back.
  const ready = await prepareAltDir(context, intended.job, report)
  if (ready.ok) {
    begun(intended.job.id)
    return context.critical(async () => begin(context, prepared, intended.job, intended.stdinFile))
  }
  await giveUp(context, intended.job, report)
  report(aboutDataset(context, 'impossible', ready.failure))
  return null
}

/** Notes the job and makes its outputs ready; null after saying why that cannot be. A kill here submits nothing. */
async function intend(
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
  const ready = kept.ok ? await makeReady(context, prepared, job, report) : kept
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

/** Submits: from the shell that stands ready to the moment the job's id is known, or sbatch has ended. */
async function begin(
  context: Context,
  prepared: Prepared,
  job: Job,
  stdinFile: string | null,
): Promise<Begun> {
  const { id } = job
  const held = await hold(context, prepared, job, jobFolder(context, job.token), stdinFile)
  try {
    context.ledger.change(id, context.now(), 'held', {
      submitter: { waybill: context.self, shell: held.process },
    })
  } catch (error) {
    await held.abandon()
    throw error
  }
  const known = Promise.withResolvers<void>()
  const ended = held.go((schedulerId, cluster) => {
    noteSubmitted(context, id, 'submitted', { schedulerId, cluster, submittedAt: context.now() })
    known.resolve()
  })
  // Here, and not where the rest is concluded: Ctrl-C must not come between the end and the ids.
  const outcome = ended.then((told) => {
    if (told.kind === 'submitted') noteOutcome(context, id, told)
    return told
  })
  await Promise.race([known.promise, outcome])
  return { id, outcome }
}

/** Notes the scheduler's id of a job. */
export function noteOutcome(
  context: Context,
  id: JobId,
  { id: schedulerId, cluster, members = [] }: Extract<SubmitOutcome, { kind: 'submitted' }>,
): void {
  noteSubmitted(context, id, 'submitted', {
    schedulerId,
    cluster,
    submittedAt: context.now(),
    ...(members.length === 0 ? {} : { members }),
  })
}

async function hold(
  context: Context,
  prepared: Prepared,
  job: Job,
  folder: string,
  stdinFile: string | null,
): Promise<HeldSubmission> {
  return context.schedulers[prepared.command.scheduler].hold({
    token: job.token,
    name: jobName(job.id),
    words: prepared.words,
    cwd: startingDirectory(context, prepared.spec),
    env: context.env,
    stdinFile,
    folder,
    submitsItself: prepared.spec.submitsItself ?? false,
    array: prepared.request.array,
    stderrApart: prepared.request.stderrApart ?? false,
  })
}

async function conclude(
  context: Context,
  id: JobId,
  outcome: SubmitOutcome,
  prepared: Prepared,
  report: (report: Report) => void,
): Promise<Scheduled> {
  if (outcome.kind === 'submitted') await noteDescription(context, mustFind(context, id))
  return tell(context, id, outcome, prepared.request, report)
}

/** Says what came of a submission; one that no job came of is given up. */
export async function tell(
  context: Context,
  id: JobId,
  outcome: SubmitOutcome,
  { checkOutputs }: Pick<Prepared['request'], 'checkOutputs'>,
  report: (report: Report) => void,
): Promise<Scheduled> {
  switch (outcome.kind) {
    case 'submitted': {
      const job = mustFind(context, id)
      report({
        ...aboutDataset(context, 'ok', { kind: 'scheduled', cmd: filledCommand(job.spec) }),
        facts: { ...jobFacts(job), ...(checkOutputs ? {} : { outputs_checked: false }) },
      })
      if (outcome.exitCode !== 0 && job.spec.submitsItself)
        report(failedAfter(context, job, outcome.exitCode))
      return { exitCode: outcome.exitCode, job: id }
    }
    case 'refused':
    case 'no-job': {
      const job = mustFind(context, id)
      await giveUp(context, job, report)
      const { status, note } = withoutJob(job.spec, outcome)
      report(aboutDataset(context, status, note))
      return { exitCode: outcome.kind === 'no-job' ? outcome.exitCode : null, job: null }
    }
    case 'unknown': {
      context.ledger.change(
        id,
        context.now(),
        'submission-unknown',
        { state: 'unknown', held: null },
        outcome,
      )
      const note = {
        kind: 'submission-unknown',
        words: outcome.stderr || outcome.stdout,
        job: jobName(id),
      } as const
      report({ ...aboutDataset(context, 'error', note), facts: jobFacts(mustFind(context, id)) })
      return nothing
    }
  }
}

/** The end of a job that was never submitted: its files are put back, its outputs are free. */
export async function giveUp(context: Context, job: Job, report: (report: Report) => void): Promise<void> {
  await releaseFiles(context, job, report)
  context.ledger.change(job.id, context.now(), 'refused', { state: 'refused' })
  if (job.spec.altDir !== undefined)
    await (await import('../alt-dir/alt-clean.ts')).tryToUndoAltDir(context, job)
}

/** Says of an input that an open job may still write it. */
export function warnOfOpenInputs(
  context: Context,
  prepared: Prepared,
  report: (report: Report) => void,
): void {
  if (prepared.request.after.length > 0) return
  const inputs = prepared.spec.inputs.filter((path) => !path.startsWith('/'))
  const conflict = context.ledger.conflict(context.dataset.root, inputs)
  if (conflict === null) return
  const note = { kind: 'input-is-open-output', input: conflict.wanted, reserved: conflict.reserved } as const
  report({
    action: 'input',
    status: 'ok',
    path: conflict.wanted,
    note: { ...note, ...named(context, conflict.job) },
  })
}

function named(context: Context, id: JobId): { readonly job: string; readonly schedulerId: string | null } {
  return { job: jobName(id), schedulerId: context.ledger.job(id)?.schedulerId ?? null }
}

function mustFind(context: Context, id: JobId): Job {
  const job = context.ledger.job(id)
  if (job === null) throw new Error(`job ${id} vanished from the ledger`)
  return job
}
