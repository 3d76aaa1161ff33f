import type { JobId } from '../contract/ids.ts'
import type { JobReference, Look, LookOptions, Silence } from '../contract/scheduler.ts'
import type { JobState } from '../ledger/job-row.ts'
import type { Context, Job } from './context.ts'
import type { Evidence, Verdict } from './evidence.ts'
import { factsWait } from './facts-wait.ts'
import { referencesTo, schedulerJobs } from './members/members.ts'
import { weighMembers } from './members/members-outcome.ts'
import { weigh } from './outcome.ts'
import { withOwnWord } from './said.ts'

/** A job with what the newest look says of it. */
export interface ObservedJob {
  readonly job: Job
  readonly verdict: Verdict
  readonly evidence: Evidence | null
  /** When the look was begun, and when the scheduler may be asked again; null: now, and at any time. */
  readonly look: { readonly at: number; readonly again: number } | null
}

/** What one look tells of jobs that it was about, and notes in the ledger what is new; by their numbers, oldest first. */
export type Sight = (jobs: readonly Job[], note?: 'note' | 'only-look') => readonly ObservedJob[]

/**
 * Looks at all the jobs, one query a scheduler, and notes in the ledger what is new (unless told only to look). Jobs
 * without an id are left out. Nobody waits longer for facts than a record does, unless told.
 */
export async function observe(
  context: Context,
  jobs: readonly Job[],
  how: LookOptions['depth'] | LookOptions,
  note: 'note' | 'only-look' = 'note',
): Promise<readonly ObservedJob[]> {
  const sight = await lookAt(context, jobs, how)
  return sight(jobs, note)
}

/** The same look for one who does not have all the jobs in memory at once: what it found is asked of some at a time. */
export async function lookAt(
  context: Context,
  jobs: Iterable<Job>,
  how: LookOptions['depth'] | LookOptions,
): Promise<Sight> {
  let waited = false
  const options: LookOptions = {
    factsWait: factsWait(context),
    onWait: (seconds) => {
      waited = true
      context.progress({ kind: 'waiting-for-slurm', seconds })
    },
    ...(typeof how === 'string' ? { depth: how } : how),
  }
  const references = { slurm: [] as JobReference[], local: [] as JobReference[] }
  const asked = new Map<JobId, number>()
  for (const job of jobs) {
    const own = referencesTo(context, job)
    references[job.scheduler].push(...own)
    if (own.length > 0) asked.set(job.id, own.length)
  }
  const { slurm, local } = references
  const looks = await Promise.all([
    slurm.length === 0 ? null : context.schedulers.slurm.look(slurm, options),
    local.length === 0 ? null : context.schedulers.local.look(local, options),
  ])
  if (waited) context.progress({ kind: 'done' })
  const judges = { slurm: judgeBy(context, looks[0]), local: judgeBy(context, looks[1]) }
  return (some, note = 'note') => {
    const seen = some
      // What its scheduler has given an id meanwhile was not asked about.
      .filter((job) => asked.get(job.id) === schedulerJobs(job).length)
      .map((job) => judges[job.scheduler](job))
      .toSorted((a, b) => a.job.id - b.job.id)
    if (note === 'note') keep(context, seen)
    return seen
  }
}

function judgeBy(context: Context, look: Look | null): (job: Job) => ObservedJob {
  if (look === null)
    return ({ id }) => {
      throw new Error(`nobody was asked about job ${id}`)
    }
  const byJob = splitByJob(look)
  const at = look.at ?? context.now()
  const seen = look.at === undefined ? null : { at, again: look.again ?? at }
  return (job) => {
    if (job.schedulerId === null) throw new Error(`job ${job.id} has no id at its scheduler`)
    const question = { id: job.schedulerId, parts: job.spec.parts, before: job.observed }
    const weighed =
      job.members.length === 0
        ? weigh(question, byJob(job.schedulerId), at)
        : weighMembers(schedulerJobs(job), job.observed, byJob, at)
    if (job.observed?.assumed !== undefined) {
      // A person's word stands until a witness of the end turns up.
      const { assumed } = job.observed
      if (weighed.verdict.kind === 'unknown' || weighed.verdict.kind === 'unanswered') {
        return { job, verdict: { kind: 'ended', how: assumed }, evidence: job.observed, look: seen }
      }
    }
    if (weighed.verdict.kind === 'unanswered')
      return { job, verdict: weighed.verdict, evidence: job.observed, look: seen }
    return { job, ...withOwnWord(context, job, weighed), look: seen }
  }
}

/** Rows are many and jobs are many: sorts the rows once. */
function splitByJob(look: Look): (id: string) => Look {
  const index = (testimony: Look['queue']): ((id: string) => Look['queue']) => {
    if (!testimony.answered) return () => testimony
    const rows = Map.groupBy(testimony.rows, (row) => row.job as string)
    const unheard = new Map<string, Silence>(testimony.unheard)
    return (id) => unheard.get(id) ?? { answered: true, rows: rows.get(id) ?? [] }
  }
  const queue = index(look.queue)
  const accounting = index(look.accounting)
  return (id) => ({ queue: queue(id), accounting: accounting(id) })
}

const stateOf: { readonly [kind in Exclude<Verdict['kind'], 'unanswered'>]: JobState } = {
  pending: 'pending',
  running: 'running',
  ended: 'ended',
  unknown: 'unknown',
}

/** Notes what is new, in one transaction: each is a wait for the disk. */
function keep(context: Context, seen: readonly ObservedJob[]): void {
  const changes = seen.flatMap(({ job, verdict, evidence }) => {
    if (verdict.kind === 'unanswered' || evidence === null || evidence === job.observed) return []
    const state = stateOf[verdict.kind]
    const { at: _then, ...known } = job.observed ?? { at: 0 }
    const { at: _now, ...found } = evidence
    if (state === job.state && JSON.stringify(known) === JSON.stringify(found)) return []
    // What an unknown look adds is only doubt: what was seen before is worth more.
    const kept = verdict.kind === 'unknown' && job.observed !== null ? job.observed : evidence
    return [{ id: job.id, state, kept, ended: evidence.ended }]
  })
  if (changes.length === 0) return
  context.ledger.transaction(() => {
    for (const { id, state, kept, ended } of changes) context.ledger.observe(id, state, kept, ended)
  })
}
