import type { EpochSeconds, JobId } from '../../contract/ids.ts'
import { factsWait } from '../../job/facts-wait.ts'
import type { Context, Job } from '../../job/context.ts'
import { observe, type ObservedJob } from '../../job/observe.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import type { Wakes } from './wakes.ts'

/** Seconds between looks while no marker wakes: the first, by how much it grows, the longest. */
const spacing = { local: { first: 0.02, most: 0.5 }, slurm: { first: 0.05, most: 60 }, growth: 1.4 } as const

/** What became of the jobs that were waited for, as soon as something has. */
export interface Ends {
  /** They are over. */
  readonly ended: readonly ObservedJob[]
  /** Nobody can tell, for as long as facts may take. */
  readonly lost: readonly Job[]
}

/**
 * Waits until some of these jobs are over: recorded or closed by somebody else meanwhile counts, and is in neither list. A
 * scheduler that does not answer is waited for; what waits here for a limit is submitted when there is room. While this
 * machine has more to do than it can do at once nothing is lost by waiting: ends are gathered for `patience` seconds.
 */
export async function awaitEnds(
  context: Context,
  jobs: readonly Job[],
  wakes: Wakes,
  patience: number,
  report: (report: Report) => void,
): Promise<Ends> {
  wakes.watch(context, jobs)
  const { first, most } = jobs.every(({ scheduler }) => scheduler === 'local') ? spacing.local : spacing.slurm
  const doubtful = new Map<JobId, EpochSeconds>()
  let open = jobs
  let gathered = false
  for (let wait: number = first; ; wait = Math.min(wait * spacing.growth, most)) {
    if (await wakes.wait(context, wait)) wait = first
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
    if (ended.length > 0 || lost.length > 0) return { ended, lost }
  }
}

/** Something has ended here, and something waits for its place. */
function isBusy(seen: readonly ObservedJob[]): boolean {
  const here = seen.filter(({ job }) => job.scheduler === 'local')
  return (
    here.some(({ verdict }) => verdict.kind === 'ended') && here.some(({ verdict }) => verdict.kind === 'pending')
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
