import { jobName, type EpochSeconds, type JobId } from '../contract/ids.ts'
import { withAnnex } from '../dataset/initialise-annex.ts'
import type { Context, Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import { aboutJob, type EndedJob } from './finish/ended.ts'
import { factsWait } from './facts-wait.ts'
import { finish } from './finish/finish.ts'
import type { FinishRequest } from './finish/finish-request.ts'
import { followOutput, type TakeOutput } from './follow.ts'
import type { Note } from './note.ts'
import { referencesTo } from './members/members.ts'
import { observe, type ObservedJob } from './observe.ts'
import { aboutDataset, type Show } from './schedule/prepared.ts'
import { exitOf } from './finish/record.ts'
import type { Report } from './report.ts'
import type { ScheduleRequest } from './schedule/request.ts'
import { schedule } from './schedule/schedule.ts'
import { calledName, isOpen, jobFacts } from './select.ts'
import { statusText } from './statuses.ts'
import { waitForFacts } from './wait-for-facts.ts'

/** What `run` is asked to do: a schedule, and what becomes of a command that fails. */
export interface RunRequest extends ScheduleRequest {
  /** Record it although it failed. */
  readonly commitFailed: boolean
}

/** What a person in the foreground is shown. */
export interface Foreground {
  readonly show: Show
  readonly output: TakeOutput
  /** The job's name: from now on it goes on when this process ends. */
  readonly begun: (job: string) => void
}

/**
 * Schedules a job, waits for its end and finishes it. A command that fails is closed and nothing of it is recorded,
 * unless asked for; its exit code is given then. The job outlives this process, and `finish` records it as any other.
 */
export async function run(
  opened: Context,
  request: RunRequest,
  report: (report: Report) => void,
  foreground: Foreground,
): Promise<{ readonly exitCode: number | null }> {
  const asRun = (one: Report): void => {
    if (one.note?.kind !== 'scheduled' || request.dryRun !== null)
      report({ ...one, action: one.action.replace(/^schedule/, 'run') })
  }
  const wanted = { ...request, stderrApart: true }
  let local = false
  const begun = (id: JobId): void => {
    local = opened.ledger.job(id)?.scheduler === 'local'
    foreground.begun(jobName(id))
  }
  // That a job of this machine was submitted is no news to one who waits for it.
  const show: Show = (stdout, stderr) => foreground.show(local ? '' : stdout, stderr)
  const scheduled = await schedule(opened, wanted, asRun, show, begun)
  const job = scheduled.job === null ? null : opened.ledger.job(scheduled.job)
  if (job === null) return { exitCode: scheduled.exitCode }
  const ended = await awaitEnd(opened, job, foreground.output)
  if (ended === null) return recordedByOther(opened, job, report)
  // A fresh clone may have got its git-annex while the job was scheduled.
  const annexed = await withAnnex(opened.dataset)
  if (!annexed.ok) {
    report({ ...aboutDataset(opened, 'impossible', annexed.failure), action: 'run' })
    return { exitCode: null }
  }
  return conclude({ ...opened, dataset: annexed.value }, request, ended, report)
}

/** Seconds between looks: a command of this machine is told by small files, Slurm's controller answers many users. */
const spacing = {
  local: { first: 0.01, most: 0.1 },
  slurm: { first: 0.1, most: 30 },
} as const

/** How long new output of a Slurm job may lie unseen. Seconds. */
const outputSpacing = 0.5

/**
 * Waits until a job is over, handing over what it writes; null when its life ended otherwise meanwhile (recorded by
 * another finish, closed). A scheduler that does not answer is waited for. One that knows nothing of the job any more
 * has the time that facts get: accounting may be late.
 */
async function awaitEnd(context: Context, submitted: Job, take: TakeOutput): Promise<ObservedJob | null> {
  const copy = followOutput(context, submitted, take)
  const { first, most } = spacing[submitted.scheduler]
  let doubtfulSince: EpochSeconds | null = null
  let known = submitted.observed
  for (let wait: number = first; ; wait = Math.min(wait * 1.4, most)) {
    const job = context.ledger.job(submitted.id)
    if (job === null || !isOpen(job)) return null
    // What is seen on the way is kept here: a note in the ledger a look would be a wait for the disk a look.
    const [seen] = await observe(
      context,
      [{ ...job, observed: known ?? job.observed }],
      'states',
      'only-look',
    )
    known = seen?.evidence ?? known
    const verdict = seen?.verdict.kind
    if (verdict !== 'pending' && copy()) context.progress({ kind: 'done' })
    if (seen !== undefined && verdict === 'ended') return seen
    if (verdict === 'unknown') {
      doubtfulSince ??= context.now()
      if (seen !== undefined && context.now() - doubtfulSince >= factsWait(context)) return seen
    } else doubtfulSince = null
    if (verdict === 'pending') context.progress({ kind: 'waiting-for-start', job: calledName(job) })
    else context.progress({ kind: 'done' })
    const until = context.now() + wait
    for (let left = wait; left > 0; left = until - context.now()) {
      await context.sleep(Math.min(left, outputSpacing))
      if (verdict === 'running') copy()
    }
  }
}

function recordedByOther(
  context: Context,
  { id }: Job,
  report: (report: Report) => void,
): { exitCode: null } {
  const job = context.ledger.job(id)
  if (job?.commit != null)
    report(aboutJob('notneeded', job, { kind: 'recorded-by-other', commit: job.commit }))
  else if (job !== null) {
    const note = { kind: 'already-over', job: calledName(job), state: job.state, commit: null } as const
    report(aboutJob('notneeded', job, note))
  }
  return { exitCode: null }
}

async function conclude(
  context: Context,
  request: RunRequest,
  { job, verdict, evidence }: ObservedJob,
  report: (report: Report) => void,
): Promise<{ readonly exitCode: number | null }> {
  const failed = verdict.kind === 'ended' && verdict.how === 'failed' ? evidence : null
  const exitCode = failed === null ? null : await exitCodeOf(context, { job, evidence: failed })
  const close = failed !== null && !request.commitFailed
  const note: Note =
    failed === null || exitCode === null
      ? { kind: 'ran', cmd: job.spec.cmd }
      : { kind: 'run-failed', cmd: job.spec.cmd, exitCode, states: statesIn(job, failed), recorded: !close }
  const said: Report = {
    ...aboutDataset(context, failed === null ? 'ok' : 'error', note),
    action: 'run',
    facts: { ...jobFacts(job), ...(exitCode === null ? {} : { exit: exitCode }) },
  }
  if (verdict.kind === 'ended' && !close) report(said)
  await finish(context, finishRequest(job, request, close), (one) => {
    if (one.note?.kind === 'closed-failed') report(said)
    // Between our look and our finish somebody else's was quicker.
    else if (one.note?.kind === 'already-over') recordedByOther(context, job, report)
    else report(one)
  })
  return { exitCode }
}

/** The command's exit code. The queue of Slurm does not tell it: its description of the job does, else accounting, later. */
async function exitCodeOf(context: Context, ended: EndedJob): Promise<number> {
  const { job, evidence } = ended
  if (evidence.groups.every(({ exit, state }) => exit !== null || state === 'COMPLETED'))
    return exitOf(evidence.groups)
  if (job.spec.parts.kind === 'single' && job.members.length === 0) {
    const [described] = await context.schedulers[job.scheduler].describe(referencesTo(context, job))
    const told = /^(\d+):(\d+)$/.exec(described?.['ExitCode'] ?? '')
    if (told !== null) {
      const exit = { code: Number(told[1]), signal: Number(told[2]) }
      return exitOf(evidence.groups.map((group) => ({ ...group, exit }))) || 1
    }
  }
  const [known] = await waitForFacts(context, [ended])
  return exitOf((known ?? ended).evidence.groups)
}

/** The scheduler's words where they say more than that it failed. */
function statesIn(job: Job, evidence: Evidence): string | null {
  if (evidence.groups.every(({ state }) => state === 'FAILED')) return null
  const one = job.spec.parts.kind === 'single' && job.members.length === 0
  return one ? (evidence.groups[0]?.state ?? '') : statusText(job, evidence)
}

function finishRequest(job: Job, request: RunRequest, close: boolean): FinishRequest {
  return {
    jobs: [jobName(job.id)],
    message: null,
    assume: null,
    failedJobs: close ? 'close' : request.commitFailed ? 'commit' : 'keep',
    since: null,
    outputs: [],
    completedTasks: false,
    landing: 'branch',
  }
}
