import { jobName, type JobId } from '../../contract/ids.ts'
import type { HeldSubmission, SubmitOutcome } from '../../contract/scheduler.ts'
import { askOnly } from './ask-only.ts'
import { startingDirectory } from '../alt-dir/alt-dir.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { noteSubmitted } from '../arrays/handover.ts'
import { failedAfter, noteDescription, withoutJob } from './after-submission.ts'
import type { Report } from '../report.ts'
import { giveUp, intend, mustFind, named } from './intend.ts'
import { wordsToRun } from './launch.ts'
import { aboutDataset, filledCommand, type Prepared, type Show } from './prepared.ts'
import { jobFacts } from '../select.ts'

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
    // Of a process, which no failure of power outlives.
    context.ledger.unforced(() =>
      context.ledger.change(id, context.now(), 'held', {
        submitter: { waybill: context.self, shell: held.process },
      }),
    )
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
    ...wordsToRun(context, prepared, job),
    cwd: startingDirectory(context, prepared.spec),
    env: context.env,
    stdinFile,
    folder,
    submitsItself: prepared.spec.submitsItself ?? false,
    array: prepared.request.array,
    stderrApart: prepared.request.stderrApart ?? false,
    ...(prepared.spec.weight === undefined ? {} : { weight: prepared.spec.weight }),
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
