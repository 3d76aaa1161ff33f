import type { EpochSeconds, JobId } from '../../contract/ids.ts'
import { factsWait } from '../../job/facts-wait.ts'
import type { Context, Job } from '../../job/context.ts'
import { observe, type ObservedJob } from '../../job/observe.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import { isOpen } from '../../job/select.ts'
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
 * scheduler that does not answer is waited for; what waits here for a limit is submitted when there is room. When `asked` says
 * so it is looked at once; `said` is called when payloads have said something.
 */
export async function awaitEnds(
  context: Context,
  jobs: readonly Job[],
  wakes: Wakes,
  { asked, said }: { readonly asked: () => boolean; readonly said: () => void },
  report: (report: Report) => void,
): Promise<Ends> {
  wakes.watch(jobs)
  const { first, most } = jobs.every(({ scheduler }) => scheduler === 'local') ? spacing.local : spacing.slurm
  const doubtful = new Map<JobId, EpochSeconds>()
  for (let wait: number = first; ; wait = Math.min(wait * spacing.growth, most)) {
    if (await wakes.wait(wait, asked, said)) wait = first
    if (context.ledger.hasHeld(context.dataset.root))
      await (await import('../../job/schedule/release.ts')).releaseHeld(context, report)
    // Whoever submitted them may have died over it.
    if (context.ledger.unsubmittedJobs().length > 0) await reconcile(context, report)
    const now = jobs.flatMap(({ id }) => context.ledger.job(id) ?? [])
    const open = now.filter(isOpen)
    if (open.length < jobs.length) return { ended: [], lost: [] }
    const seen = await observe(context, open, 'states')
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
