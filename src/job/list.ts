import { jobName } from '../contract/ids.ts'
import type { HeldBack } from '../contract/scheduler.ts'
import type { RecordedTasks } from '../ledger/job-row.ts'
import type { Context, Job } from './context.ts'
import type { Evidence, Group } from './evidence.ts'
import { foreignReports } from './schedule/foreign-jobs.ts'
import { inPieces, oneByOne } from './in-pieces.ts'
import { lookAt, type ObservedJob } from './observe.ts'
import { reconcile } from './reconcile.ts'
import type { Report } from './report.ts'
import { calledName, isOpen } from './select.ts'

/** An open job as `waybill jobs --json` prints it. Times are seconds since 1970. */
export interface ListedJob {
  readonly job: string
  readonly scheduler: 'slurm' | 'local'
  readonly id: string | null
  /** All ids, where the command submitted by itself. */
  readonly ids?: readonly string[]
  readonly cluster: string | null
  /** Ours: `held`, `pending`, `running`, `ended`, `unknown`, … */
  readonly state: string
  /** The scheduler's: `RUNNING`, or `COMPLETED, TIMEOUT` of an array. */
  readonly word: string
  readonly groups: readonly Group[]
  readonly reason: string | null
  readonly name: string
  readonly submitted: number | null
  readonly started: number | null
  readonly ended: number | null
  readonly outputs: readonly string[]
  /** Tasks of an array that have their record already, and which. */
  readonly recorded: readonly RecordedTasks[]
  /** Of a job that waits here to be submitted: what for. */
  readonly held?: HeldBack
  readonly cmd: string
  readonly user: string
  readonly worktree: string
}

/** The open jobs, and what recovery had to say. */
export interface Listing {
  readonly jobs: readonly ListedJob[]
  readonly reports: readonly Report[]
  /** When Slurm was asked, by this process or another of the user's, and when it may be asked again; null: it was not. */
  readonly look: ObservedJob['look']
}

/**
 * Looks at all open jobs of the repository (all its worktrees), oldest first, by a look of at most `maxAge` seconds.
 * `onCount`: told how many these are before they are read.
 */
export async function listJobs(
  context: Context,
  maxAge = 0,
  onCount: (jobs: number) => void = () => {},
): Promise<Listing> {
  const reports: Report[] = []
  await reconcile(context, (report) => reports.push(report))
  if (context.ledger.hasHeld(context.dataset.root))
    await (await import('./schedule/release.ts')).releaseHeld(context, (report) => reports.push(report))
  const ids = context.ledger.openIds()
  onCount(ids.length)
  const open = inPieces(context, ids)
  const sight = await lookAt(context, oneByOne(open), { depth: 'states', maxAge })
  const jobs: ListedJob[] = []
  let look: ObservedJob['look'] = null
  for (const some of open) {
    const seen = new Map(sight(some).map((one) => [one.job.id, one]))
    for (const job of some.filter(isOpen)) {
      const observed = seen.get(job.id)
      look ??= observed?.look ?? null
      jobs.push(describe(job, observed))
    }
  }
  reports.push(...foreignReports(context))
  return { jobs, reports, look }
}

function describe(job: Job, observed: ObservedJob | undefined): ListedJob {
  const evidence: Evidence | null = observed?.evidence ?? job.observed
  const verdict = observed?.verdict
  const state =
    job.held !== null
      ? 'held'
      : verdict === undefined || verdict.kind === 'unanswered'
        ? job.state
        : verdict.kind
  return {
    job: jobName(job.id),
    scheduler: job.scheduler,
    id: job.schedulerId,
    ...(job.members.length === 0 ? {} : { ids: job.members.map(({ id }) => id) }),
    cluster: job.cluster,
    state,
    word: wordOf(evidence, state),
    groups: evidence?.groups ?? [],
    reason: verdict !== undefined && 'why' in verdict ? verdict.why : reasonOf(evidence),
    name: evidence?.facts.name ?? job.spec.logs?.jobName ?? calledName(job),
    submitted: job.submittedAt,
    started: evidence?.started ?? null,
    ended: evidence?.ended ?? null,
    outputs: job.spec.outputs,
    recorded: job.recorded,
    ...(job.held === null ? {} : { held: job.held.why }),
    cmd: job.spec.cmd,
    user: job.user,
    worktree: job.worktree,
  }
}

function wordOf(evidence: Evidence | null, state: string): string {
  if (evidence === null || evidence.groups.length === 0) return state.toUpperCase()
  return [...new Set(evidence.groups.map((group) => group.state))].join(', ')
}

/** Slurm's reason for jobs that wait; an ended job's reason (`None`, `NonZeroExitCode`) says nothing new. */
function reasonOf(evidence: Evidence | null): string | null {
  const waiting = evidence?.groups.find((group) => group.reason !== null && group.reason !== 'None')
  return waiting?.reason ?? null
}
