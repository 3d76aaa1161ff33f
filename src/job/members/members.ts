import type { EpochSeconds, SchedulerJobId } from '../../contract/ids.ts'
import { phaseOf } from '../../contract/job-state.ts'
import type { JobReference, Member } from '../../contract/scheduler.ts'
import { parseIndices } from '../../contract/index-set.ts'
import type { LogPlan } from '../../slurm/log-pattern.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import type { Evidence, Group, Parts } from '../evidence.ts'

/** A job of the scheduler's that stands behind one of ours. */
export interface SchedulerJob {
  readonly id: SchedulerJobId
  readonly cluster: string | null
  readonly submittedAt: EpochSeconds
  readonly parts: Parts
  readonly logs: LogPlan | null
}

/** The scheduler's jobs behind a job of ours: one, all that its command submitted, or none (yet). */
export function schedulerJobs(job: Job): readonly SchedulerJob[] {
  if (job.members.length > 0) return job.members.map(memberJob)
  if (job.schedulerId === null) return []
  const { schedulerId: id, cluster, submittedAt, createdAt, spec } = job
  return [{ id, cluster, submittedAt: submittedAt ?? createdAt, parts: spec.parts, logs: spec.logs }]
}

/** A job in the words of its scheduler: a reference to each job behind it. */
export function referencesTo(context: Context, job: Job): readonly JobReference[] {
  const { user, token, observed } = job
  const folder = jobFolder(context, token)
  const groups = observed?.groups ?? []
  // A person's word stands only until a witness tells.
  const over =
    groups.length > 0 &&
    observed?.assumed === undefined &&
    groups.every(({ state }) => phaseOf(state) === 'over')
  return schedulerJobs(job).map(({ id, cluster, submittedAt, parts }) => ({
    id,
    cluster,
    submittedAt,
    user,
    token,
    folder,
    seenAt: observed?.at ?? null,
    over,
    ...oneTask(parts),
  }))
}

/** Slurm describes an array by its tasks, one after the other: of more than so many the last one, which has the array's own id, has to do. */
const manyTasks = 100

function oneTask(parts: Parts): Pick<JobReference, 'task'> {
  if (parts.kind !== 'array') return {}
  const indices = parseIndices(parts.indices)
  const last = indices.at(-1)
  return last !== undefined && indices.length > manyTasks ? { task: last } : {}
}

/** What is known of one of the jobs behind a job of ours. */
export function groupsOfMember(job: Job, evidence: Evidence, id: SchedulerJobId): readonly Group[] {
  return job.members.length === 0 ? evidence.groups : evidence.groups.filter((group) => group.job === id)
}

function memberJob(member: Member): SchedulerJob {
  const { id, cluster, submittedAt, array, components } = member
  const parts: Parts =
    array !== null
      ? { kind: 'array', indices: array }
      : components > 1
        ? { kind: 'components', count: components }
        : { kind: 'single' }
  return { id, cluster, submittedAt, parts, logs: logsOf(member) }
}

function logsOf({ array, stdout, stderr, workDir, jobName }: Member): LogPlan | null {
  if (workDir === null) return null
  const out = stdout ?? (array === null ? 'slurm-%j.out' : 'slurm-%A_%a.out')
  return { chdir: workDir, stdout: out, stderr: stderr ?? out, jobName: jobName ?? '' }
}
