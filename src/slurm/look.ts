import type { EpochSeconds } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { JobReference, Look, LookOptions, Row, Testimony } from '../contract/scheduler.ts'
import { askAccounting } from './accounting.ts'
import { askTogether } from './ask-together.ts'
import type { SharingSettings } from './ask-together.ts'
import { belongs } from './belongs.ts'
import { areShownOver, askBriefly } from './brief-facts.ts'
import type { AskController } from './controller-memory.ts'
import { silent } from './failure.ts'
import { withBeginnings } from './half-rows.ts'
import { lookInQueue } from './look-in-queue.ts'
import { withRecords } from './queue-records.ts'

/** What a look needs beside the jobs. */
export interface LookSettings extends SharingSettings {
  /** Seconds that the controller remembers a finished job, or null when that cannot be learnt. */
  readonly minJobAge: () => Promise<number | null>
  readonly controller: AskController
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
): Promise<Required<Look>> {
  const { queue, at, again } = await lookInQueue(settings, jobs, cluster, options)
  if (!queue.answered) {
    // For one who only shows, accounting is no help where the queue is silent.
    const asked = options.maxAge === undefined ? jobs : []
    return {
      queue,
      at,
      again,
      accounting: (await lookInAccounting(settings, asked, cluster, options, at)).said,
    }
  }
  const { rows } = queue
  const heard = queue.unheard === undefined ? jobs : jobs.filter(({ id }) => !queue.unheard?.has(id))
  const asked = await unsettled(settings, heard, rows, options)
  const hasty = hurried(settings, asked, rows, options)
  const accounting = await lookInAccounting(hasty, asked, cluster, options, at, rows)
  const { said } = accounting
  const alone = options.depth === 'facts' && !said.answered && said.why === 'off'
  return {
    queue: alone ? { ...queue, rows: await withRecords(settings, rows, cluster) } : queue,
    accounting: said,
    at,
    again: Math.max(again, accounting.again),
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
  { depth, maxAge }: LookOptions,
): Promise<readonly JobReference[]> {
  const shown = Map.groupBy(rows, (row) => row.job)
  const age = jobs.some((job) => isMany(shown.get(job.id) ?? [])) ? await settings.minJobAge() : null
  return jobs.filter((job) => {
    const parts = shown.get(job.id) ?? []
    // What is only shown need not be confirmed again and again; whoever acts on an end asks for it anew.
    if (parts.length === 0) return depth === 'facts' || maxAge === undefined || job.over !== true
    if (depth === 'facts' && parts.every((row) => phaseOf(row.state) === 'over')) return true
    // The queue may have forgotten the first parts of a job while others still run.
    return isMany(parts) && settings.now() - job.submittedAt >= (age ?? 0)
  })
}

function isMany(rows: readonly Row[]): boolean {
  return rows.some((row) => row.task !== null || row.folded !== null || row.component !== null)
}

/** Who only shows states shares accounting's answer too: one that was asked for after the queue. */
async function lookInAccounting(
  settings: LookSettings,
  jobs: readonly JobReference[],
  cluster: string | null,
  { depth, maxAge }: LookOptions,
  since: EpochSeconds,
  inQueue: readonly Row[] = [],
): Promise<{ readonly said: Testimony; readonly again: EpochSeconds }> {
  let again = 0
  if (jobs.length === 0) {
    const message = 'the queue knows all there is to know'
    return { said: { answered: false, why: 'not-asked', message }, again }
  }
  const byId = new Map(jobs.map((job) => [job.id, job]))
  const together: Parameters<typeof askAccounting>[4] = async (_, program, args) => {
    const told = await askTogether(settings, program, args, { since, meanwhile: 'nothing' })
    again = Math.max(again, told.again)
    return told.answer
  }
  const ask = depth === 'states' && maxAge !== undefined ? together : undefined
  const ids = [...byId.keys()]
  const answer =
    depth === 'facts' && areShownOver(ids, inQueue)
      ? await askBriefly(settings, ids, cluster)
      : await askAccounting(settings, ids, cluster, depth, ask)
  if (!answer.ok) return { said: silent(answer.failure), again }
  const entries = depth === 'facts' ? await withBeginnings(settings, answer.value, cluster) : answer.value
  const rows = entries.flatMap(({ row, submitLine }) => {
    const job = byId.get(row.job)
    const ours = job && belongs(job, { submitted: row.submitted, words: submitLine })
    return ours ? [{ ...row, cluster: job.cluster ?? row.cluster }] : []
  })
  return {
    said: { answered: true, rows: rows.toSorted((a, b) => (a.submitted ?? 0) - (b.submitted ?? 0)) },
    again,
  }
}
