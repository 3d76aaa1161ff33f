import { phaseOf } from '../../contract/job-state.ts'
import type { Member } from '../../contract/scheduler.ts'
import { memberOf, readCalls } from '../../slurm/calls.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { ChildJobs, EndedJob } from '../finish/ended.ts'
import type { Evidence } from '../evidence.ts'
import { observe, type ObservedJob } from '../observe.ts'
import { aboutJob } from '../finish/ended.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, jobFacts } from '../select.ts'
import { waitForFacts } from '../wait-for-facts.ts'
import { referencesTo } from './members.ts'

/**
 * Adds to ended jobs what is known of the jobs that their payloads submitted (a workflow's own), as our sbatch noted them:
 * one look for all, and the time that facts have. How they ended is the payload's to judge; those that still run are told.
 */
export async function withChildren(
  context: Context,
  ended: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<readonly EndedJob[]> {
  // Of an array they stand in the record of those tasks that were recorded first.
  const families = ended.flatMap(({ job }) =>
    job.recorded.length > 0 ? [] : [{ job, children: childrenOf(context, job) }],
  )
  const unreadable = new Set<number>()
  const parents = families.flatMap(({ job, children }) => {
    if (children === 'unreadable') {
      unreadable.add(job.id)
      report(aboutJob('ok', job, { kind: 'children-unreadable', job: calledName(job) }))
    }
    return children === null || children === 'unreadable' ? [] : [children]
  })
  if (parents.length === 0 && unreadable.size === 0) return ended
  const seen = await observe(context, parents, 'facts', 'only-look')
  const over = seen.flatMap(({ job, verdict, evidence }) =>
    verdict.kind === 'ended' && evidence !== null ? [{ job, evidence }] : [],
  )
  const known = await waitForFacts(context, over, 'only-look')
  const found = new Map<number, ChildJobs>()
  for (const one of seen) {
    const { job } = one
    const whole = known.find((other) => other.job.id === job.id)
    found.set(job.id, { job, evidence: whole?.evidence ?? one.evidence ?? nothingKnown(one) })
    if (whole === undefined && one.verdict.kind !== 'unanswered') {
      const own = ended.find((other) => other.job.id === job.id)?.job ?? job
      const jobs = job.members.map(({ id }) => id)
      report(aboutJob('ok', own, { kind: 'children-open', job: calledName(own), jobs, recorded: true }))
    }
  }
  return ended.map((one) => {
    const children = unreadable.has(one.job.id) ? 'unreadable' : found.get(one.job.id)
    return children === undefined ? one : { ...one, children }
  })
}

/** Says of a job that is closed which jobs of its payload's it leaves behind. */
export async function tellChildrenLeft(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<void> {
  const children = childrenOf(context, job)
  if (children === 'unreadable')
    report(aboutJob('ok', job, { kind: 'children-unreadable', job: calledName(job) }))
  if (children === null || children === 'unreadable') return
  const [seen] = await observe(context, [children], 'states', 'only-look')
  if (seen === undefined || seen.verdict.kind === 'ended') return
  const over = new Set<string | undefined>(
    seen.evidence?.groups.flatMap((group) => (phaseOf(group.state) === 'over' ? (group.job ?? []) : [])),
  )
  const jobs = children.members.map(({ id }) => id).filter((id) => !over.has(id))
  report(aboutJob('ok', job, { kind: 'children-open', job: calledName(job), jobs, recorded: false }))
}

/**
 * Ends the jobs that the payloads of jobs submitted, which nobody would end then. What a payload submits while it dies is not
 * among them: whoever closes the job is told.
 */
export async function cancelChildren(
  context: Context,
  jobs: readonly Job[],
  report: (report: Report) => void,
): Promise<void> {
  const parents = jobs.flatMap((job) => {
    const children = childrenOf(context, job)
    if (children === 'unreadable') {
      const note = { kind: 'children-unreadable', job: calledName(job) } as const
      report({ action: 'cancel', status: 'ok', path: '', type: 'job', note, facts: jobFacts(job) })
    }
    if (children === null || children === 'unreadable') return []
    return [{ job, references: referencesTo(context, children) }]
  })
  if (parents.length === 0) return
  const all = parents.flatMap(({ references }) => references)
  const outcomes = await context.schedulers.slurm.cancel(all, (seconds) =>
    context.progress({ kind: 'waiting-for-slurm', seconds }),
  )
  const outcomeOf = new Map(all.map((reference, i) => [reference, outcomes[i]]))
  for (const { job, references } of parents) {
    const [asked = [], failed = []] = ['asked', 'failed'].map((kind) =>
      references.filter((one) => outcomeOf.get(one)?.kind === kind).map(({ id }) => id),
    )
    const facts = jobFacts(job)
    const say = (status: Report['status'], note: Note): void =>
      report({ action: 'cancel', status, path: '', type: 'job', note, facts })
    if (asked.length > 0) say('ok', { kind: 'children-cancelled', job: calledName(job), jobs: asked })
    if (failed.length > 0)
      say('error', { kind: 'children-not-cancelled', job: calledName(job), jobs: failed })
  }
}

/** The job as its children's: they are asked about as those of a command that submits by itself. Null: it has none. */
function childrenOf(context: Context, job: Job): Job | 'unreadable' | null {
  const { asset, ...spec } = job.spec
  if (asset === undefined) return null
  const calls = readCalls(payloadFolder(context, job.token))
  if (calls === null) return 'unreadable'
  const members = calls.flatMap((call): readonly Member[] =>
    call.printed === null ? [] : [memberOf(call, call.printed)],
  )
  const [first] = members
  if (first === undefined) return null
  const { id: schedulerId, cluster } = first
  return { ...job, scheduler: 'slurm', schedulerId, cluster, members, observed: null, spec }
}

function nothingKnown({ look }: ObservedJob): Evidence {
  const at = look?.at ?? 0
  return { at, groups: [], started: null, ended: null, facts: {}, attempts: [], accounting: 'pending' }
}
