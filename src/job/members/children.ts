import type { Member } from '../../contract/scheduler.ts'
import { memberOf, readCalls } from '../../slurm/calls.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { ChildJobs, EndedJob } from '../finish/ended.ts'
import type { Evidence } from '../evidence.ts'
import { observe, type ObservedJob } from '../observe.ts'
import { aboutJob } from '../finish/ended.ts'
import type { Report } from '../report.ts'
import { calledName } from '../select.ts'
import { waitForFacts } from '../wait-for-facts.ts'

/**
 * Adds to ended jobs what is known of the jobs that their payloads submitted (a workflow's own), as our sbatch noted them:
 * one look for all, and the time that facts have. How they ended is the payload's to judge; those that still run are told.
 */
export async function withChildren(
  context: Context,
  ended: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<readonly EndedJob[]> {
  const parents = ended.flatMap(({ job }) => asParent(context, job) ?? [])
  if (parents.length === 0) return ended
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
      report(aboutJob('ok', own, { kind: 'children-open', job: calledName(own), jobs }))
    }
  }
  return ended.map((one) => {
    const children = found.get(one.job.id)
    return children === undefined ? one : { ...one, children }
  })
}

/**
 * The job as its children's: they are asked about as those of a command that submits by itself. Null: it has none, or they
 * stand in the record of some of its tasks already.
 */
function asParent(context: Context, job: Job): Job | null {
  const { asset, ...spec } = job.spec
  if (asset === undefined || job.recorded.length > 0) return null
  const members = readCalls(payloadFolder(context, job.token)).flatMap((call): readonly Member[] =>
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
