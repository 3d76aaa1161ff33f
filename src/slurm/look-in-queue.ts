import type { EpochSeconds, SchedulerJobId } from '../contract/ids.ts'
import type { JobReference, LookOptions, Row, Testimony } from '../contract/scheduler.ts'
import { freshNeed } from './ask-together.ts'
import type { SharingSettings } from './ask-together.ts'
import { belongs } from './belongs.ts'
import { silent } from './failure.ts'
import { askQueue } from './queue.ts'
import type { QueueTold } from './queue.ts'

/** What the queue says of our jobs, when it was asked, and when it may be asked again. */
export interface QueueLook {
  readonly queue: Testimony
  readonly at: EpochSeconds
  readonly again: EpochSeconds
}

/**
 * Looks at jobs in the queue, perhaps through another process's look. Where that is too old to tell about some of them,
 * it is asked anew, or says nothing about those while it may not be asked.
 */
export async function lookInQueue(
  settings: SharingSettings,
  jobs: readonly JobReference[],
  cluster: string | null,
  { maxAge, onWait }: LookOptions,
): Promise<QueueLook> {
  const users = [...new Set(jobs.map((job) => job.user))]
  const begun = settings.now()
  const asking = { ...settings, onWait }
  const need =
    maxAge === undefined ? freshNeed(asking) : { since: begun - maxAge, meanwhile: 'last' as const }
  const wanted = new Set<string>(jobs.map(({ id }) => id))
  const first = await askQueue(asking, users, cluster, need, wanted)
  const { again, asked: at } = first
  if (!first.answer.ok) return { queue: silent(first.answer.failure), at, again }
  const rows = ownRows(jobs, first)
  const untold = first.asked >= begun ? new Set<SchedulerJobId>() : beyond(jobs, rows, first.asked)
  if (untold.size === 0) return { queue: { answered: true, rows }, at, again }

  const second = await askQueue(asking, users, cluster, { since: begun, meanwhile: 'nothing' }, wanted)
  if (second.answer.ok)
    return {
      queue: { answered: true, rows: ownRows(jobs, second) },
      at: second.asked,
      again: second.again,
    }
  const silence = silent(second.answer.failure)
  return {
    queue: {
      answered: true,
      rows: rows.filter(({ job }) => !untold.has(job)),
      unheard: new Map([...untold].map((id) => [id, silence])),
    },
    at,
    again: second.again,
  }
}

function ownRows(jobs: readonly JobReference[], { answer }: QueueTold): readonly Row[] {
  if (!answer.ok) return []
  const byId = new Map(jobs.map((job) => [job.id, job]))
  return answer.value.flatMap(({ row, comment }) => {
    const job = byId.get(row.job)
    const ours = job && belongs(job, { submitted: row.submitted, words: comment })
    return ours ? [{ ...row, cluster: job.cluster }] : []
  })
}

/** The jobs in which a look has no say: a newer one has told more, or it may have been begun before they were there. */
function beyond(
  jobs: readonly JobReference[],
  rows: readonly Row[],
  asked: EpochSeconds,
): ReadonlySet<SchedulerJobId> {
  const shown = new Set(rows.map(({ job }) => job))
  const isBeyond = ({ id, seenAt = null }: JobReference): boolean =>
    seenAt === null ? !shown.has(id) : asked < seenAt
  return new Set(jobs.filter(isBeyond).map(({ id }) => id))
}
