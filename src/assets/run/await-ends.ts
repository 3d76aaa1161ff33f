import type { EpochSeconds, JobId } from '../../contract/ids.ts'
import { factsWait } from '../../job/facts-wait.ts'
import type { Context, Job } from '../../job/context.ts'
import { observe, type ObservedJob } from '../../job/observe.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import { spacingOf, untilNextLook } from './look-spacing.ts'
import type { Wakes } from './wakes.ts'

/** What became of the jobs that were waited for, as soon as something has. */
export interface Ends {
  /** They are over. */
  readonly ended: readonly ObservedJob[]
  /** Nobody can tell, for as long as facts may take. */
  readonly lost: readonly Job[]
}

/**
 * Waits until some of these jobs are over: recorded or closed by somebody else meanwhile counts, and is in neither list. A
 * scheduler that does not answer is waited for; what waits here for a limit is submitted when there is room. When `asked` says
 * so it is looked at once; `said` is called when payloads have said something. While this machine has more to do than it can
 * do at once nothing is lost by waiting: ends are gathered for `patience` seconds.
 */
export async function awaitEnds(
  context: Context,
  jobs: readonly Job[],
  wakes: Wakes,
  patience: number,
  { asked, said }: { readonly asked: () => boolean; readonly said: () => void },
  report: (report: Report) => void,
): Promise<Ends> {
  wakes.watch(jobs)
  const spacing = spacingOf(jobs)
  const youngest = jobs.reduce((at, job) => Math.max(at, job.submittedAt ?? job.createdAt), 0)
  const doubtful = new Map<JobId, EpochSeconds>()
  let open = jobs
  let gathered = false
  let silentSince: EpochSeconds = 0
  for (;;) {
    const least = wakes.last === 0 ? spacing.least : spacing.woken
    const news = [youngest, wakes.last, silentSince]
    const pause = untilNextLook(context.now(), news, { ...spacing, least })
    await wakes.wait(pause, asked, said)
    if (context.ledger.hasHeld(context.dataset.root))
      await (await import('../../job/schedule/release.ts')).releaseHeld(context, report)
    // Whoever submitted them may have died over it.
    if (context.ledger.unsubmittedJobs().length > 0) await reconcile(context, report)
    const ids = context.ledger.openIdsIn(context.dataset.root)
    if (open.some(({ id }) => !ids.has(id))) return { ended: [], lost: [] }
    open = open.map((job) => (job.schedulerId === null ? (context.ledger.job(job.id) ?? job) : job))
    let seen = await observe(context, open, 'states')
    open = withNews(open, seen)
    if (!gathered && isBusy(seen)) {
      gathered = true
      await context.sleep(patience)
      seen = await observe(context, open, 'states')
      open = withNews(open, seen)
    }
    const isSilent = seen.some(({ verdict }) => verdict.kind === 'unanswered')
    silentSince = isSilent ? silentSince || context.now() : 0
    const ended = seen.filter(({ verdict }) => verdict.kind === 'ended')
    const unsure = new Set(seen.flatMap(({ job, verdict }) => (verdict.kind === 'unknown' ? [job.id] : [])))
    // A submission whose end nobody knows has no id to ask about.
    for (const job of open) if (job.state === 'unknown' && job.schedulerId === null) unsure.add(job.id)
    for (const id of doubtful.keys()) if (!unsure.has(id)) doubtful.delete(id)
    for (const id of unsure) if (!doubtful.has(id)) doubtful.set(id, context.now())
    const lost = open.filter(({ id }) => {
      const since = doubtful.get(id)
      return since !== undefined && context.now() - since >= factsWait(context)
    })
    if (ended.length > 0 || lost.length > 0) {
      // What had left a marker is over for its scheduler, too.
      wakes.last = 0
      return { ended, lost }
    }
  }
}

/** Something has ended here, and something waits for its place. */
function isBusy(seen: readonly ObservedJob[]): boolean {
  const here = seen.filter(({ job }) => job.scheduler === 'local')
  return (
    here.some(({ verdict }) => verdict.kind === 'ended') &&
    here.some(({ verdict }) => verdict.kind === 'pending')
  )
}

/** The jobs as the ledger has them since that look: they need not be read again. */
function withNews(jobs: readonly Job[], seen: readonly ObservedJob[]): readonly Job[] {
  const news = new Map(seen.map((one) => [one.job.id, one]))
  return jobs.map((job) => {
    const { verdict, evidence } = news.get(job.id) ?? { verdict: null, evidence: null }
    return verdict?.kind === 'pending' || verdict?.kind === 'running'
      ? { ...job, state: verdict.kind, observed: evidence }
      : job
  })
}
