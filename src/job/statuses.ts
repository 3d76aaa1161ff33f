import { parseIndices } from '../contract/index-set.ts'
import type { Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import { groupsOfMember, schedulerJobs, type SchedulerJob } from './members/members.ts'
import { calledName } from './select.ts'

/** Arrays with more tasks than this are told in ranges instead of one by one, and of more jobs only how many. */
const listed = 50

/**
 * A job's states as datalad-slurm writes them: `18: FAILED`, `20_0: COMPLETED, 20_1: TIMEOUT` of an array, and one after
 * the other where there are several jobs.
 */
export function statusText(job: Job, evidence: Evidence | null): string {
  const groups = evidence?.groups ?? []
  const jobs = schedulerJobs(job)
  if (evidence === null || groups.length === 0 || jobs.length === 0)
    return `${calledName(job)}: ${job.state.toUpperCase()}`
  if (jobs.length > listed) {
    const byState = Map.groupBy(groups, ({ state }) => state)
    return [...byState]
      .map(([state, all]) => `${new Set(all.map((group) => group.job)).size} jobs: ${state}`)
      .join(', ')
  }
  return jobs.map((one) => statusOf(job, one, evidence)).join(', ')
}

function statusOf(job: Job, { id, parts }: SchedulerJob, evidence: Evidence): string {
  const groups = groupsOfMember(job, evidence, id)
  if (parts.kind === 'single') return `${id}: ${groups[0]?.state ?? 'UNKNOWN'}`
  const joint = parts.kind === 'array' ? '_' : '+'
  const tasks = groups.flatMap((group) =>
    parseIndices(group.parts).map((index) => ({ index, state: group.state })),
  )
  if (tasks.length > listed)
    return groups.map((group) => `${id}${joint}[${group.parts}]: ${group.state}`).join(', ')
  return tasks
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, state }) => `${id}${joint}${index}: ${state}`)
    .join(', ')
}
