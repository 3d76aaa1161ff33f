import type { EpochSeconds } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { JobReference, Look, LookOptions, Row, Testimony } from '../contract/scheduler.ts'
import { askAccounting } from './accounting.ts'
import { belongs } from './belongs.ts'
import { failureLine } from './failure.ts'
import type { SlurmFailure } from './failure.ts'
import type { QuerySettings } from './query.ts'
import { askQueue } from './queue.ts'
import { withRecords } from './queue-records.ts'

/** What a look needs beside the jobs. */
export interface LookSettings extends QuerySettings {
  readonly now: () => EpochSeconds
  /** Seconds that the controller remembers a finished job, or null when that cannot be learnt. */
  readonly minJobAge: () => Promise<number | null>
}

/**
 * Looks at jobs of one cluster (`cluster` null: the default one): the queue once, then accounting once for what the
 * queue does not settle. Rows carry the cluster of the reference, or the name that accounting knows.
 */
export async function lookAt(
  settings: LookSettings,
  jobs: readonly JobReference[],
  cluster: string | null,
  options: LookOptions,
): Promise<Look> {
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const users = [...new Set(jobs.map((job) => job.user))]
  const answer = await askQueue(settings, users, cluster)
  const rows = !answer.ok
    ? []
    : answer.value.flatMap(({ row, comment }) => {
        const job = byId.get(row.job)
        const ours = job && belongs(job, { submitted: row.submitted, words: comment })
        return ours ? [{ ...row, cluster: job.cluster }] : []
      })
  const asked = answer.ok ? await unsettled(settings, jobs, rows, options) : jobs
  const accounting = await lookInAccounting(hurried(settings, asked, rows, options), asked, cluster, options)
  if (!answer.ok) return { queue: silent(answer.failure), accounting }
  const alone = options.depth === 'facts' && !accounting.answered && accounting.why === 'off'
  return {
    queue: { answered: true, rows: alone ? await withRecords(settings, rows, cluster) : rows },
    accounting,
  }
}

/** Nobody waits for facts as long as for an end: a frozen slurmdbd keeps a record from nobody. */
function hurried(
  settings: LookSettings,
  asked: readonly JobReference[],
  rows: readonly Row[],
  { factsWait }: LookOptions,
): LookSettings {
  const shown = new Set(rows.map((row) => row.job))
  if (factsWait === undefined || !asked.every((job) => shown.has(job.id))) return settings
  return { ...settings, deadline: Math.min(settings.deadline, Math.max(factsWait, 1)) }
}

/** The jobs that accounting has to be asked about. */
async function unsettled(
  settings: LookSettings,
  jobs: readonly JobReference[],
  rows: readonly Row[],
  options: LookOptions,
): Promise<readonly JobReference[]> {
  const shown = Map.groupBy(rows, (row) => row.job)
  const age = jobs.some((job) => isMany(shown.get(job.id) ?? [])) ? await settings.minJobAge() : null
  return jobs.filter((job) => {
    const parts = shown.get(job.id) ?? []
    if (parts.length === 0) return true
    if (options.depth === 'facts' && parts.every((row) => phaseOf(row.state) === 'over')) return true
    // The queue may have forgotten the first parts of a job while others still run.
    return isMany(parts) && settings.now() - job.submittedAt >= (age ?? 0)
  })
}

function isMany(rows: readonly Row[]): boolean {
  return rows.some((row) => row.task !== null || row.folded !== null || row.component !== null)
}

async function lookInAccounting(
  settings: LookSettings,
  jobs: readonly JobReference[],
  cluster: string | null,
  options: LookOptions,
): Promise<Testimony> {
  if (jobs.length === 0) {
    return { answered: false, why: 'not-asked', message: 'the queue knows all there is to know' }
  }
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const ids = [...byId.keys()]
  const answer = await askAccounting(settings, ids, cluster, options.depth === 'facts')
  if (!answer.ok) return silent(answer.failure)
  const rows = answer.value.flatMap(({ row, submitLine }) => {
    const job = byId.get(row.job)
    const ours = job && belongs(job, { submitted: row.submitted, words: submitLine })
    return ours ? [{ ...row, cluster: job.cluster ?? row.cluster }] : []
  })
  return { answered: true, rows: rows.toSorted((a, b) => (a.submitted ?? 0) - (b.submitted ?? 0)) }
}

function silent(failure: SlurmFailure): Testimony {
  const why = failure.kind === 'accounting-off' ? 'off' : 'failed'
  return { answered: false, why, message: failureLine(failure) }
}
