import { dirname, join, normalize, relative } from 'node:path'
import { realpathSync } from 'node:fs'
import type { SchedulerJobId } from '../contract/ids.ts'
import { parseIndices } from '../contract/index-set.ts'
import { isFixedLog, placeLog, type LogFacts, type LogPlace, type LogPlan } from '../slurm/log-pattern.ts'
import { relativeTo } from '../dataset/paths.ts'
import type { Job } from './context.ts'
import { schedulerJobs, type SchedulerJob } from './members/members.ts'
import type { JobSpec } from './spec.ts'

/** A log of one task, or of the job: absolute, or a pattern where Slurm alone knows the name. */
export interface LogFile {
  readonly job: SchedulerJobId
  readonly place: LogPlace
  readonly stream: 'stdout' | 'stderr'
  readonly task: number | null
}

/** The log names that hold no id of the job: two open jobs with one of them would overwrite each other. Absolute. */
export function fixedLogs(plan: LogPlan, user: string): readonly string[] {
  const facts: LogFacts = { job: '0', task: null, rawId: '0', user }
  return [...new Set([plan.stdout, plan.stderr])]
    .filter((pattern) => isFixedLog(plan, pattern))
    .map((pattern) => placeLog(plan, pattern, facts))
    .flatMap((place) => (place.kind === 'path' ? [place.path] : []))
}

/** The log files of a submitted Slurm job, one or two a task. Standard error is left out where it is the same file. */
export function logFiles(job: Job): readonly LogFile[] {
  return schedulerJobs(job).flatMap((one) => logsOf(one, job.user))
}

function logsOf({ id, parts, logs: plan }: SchedulerJob, user: string): readonly LogFile[] {
  if (plan === null) return []
  const tasks = parts.kind === 'array' ? parseIndices(parts.indices) : [null]
  const streams = plan.stderr === plan.stdout ? (['stdout'] as const) : (['stdout', 'stderr'] as const)
  return tasks.flatMap((task) =>
    streams.map((stream) => {
      // The raw id of an array's task is known to accounting alone; names with %j of an array become patterns.
      const rawId = task === null ? id : null
      const facts: LogFacts = { job: id, task, rawId, user }
      return { job: id, place: placeLog(plan, plan[stream], facts), stream, task }
    }),
  )
}

/** Patterns that cover the logs of all tasks, and of several jobs: the task's index, and the id, become `*`. Absolute. */
export function logPatterns(job: Job): readonly string[] {
  const several = job.members.length > 1
  const patterns = schedulerJobs(job).flatMap(({ id, logs: plan }) => {
    if (plan === null) return []
    const facts: LogFacts = { job: several ? null : id, task: null, rawId: null, user: job.user }
    return [plan.stdout, plan.stderr].flatMap((pattern) => {
      // %a without a task would become a number: hide it behind an unknown.
      const place = placeLog(plan, pattern.replaceAll(/%\d*a/g, '%N'), facts)
      return place.kind === 'path' ? [place.path] : place.kind === 'pattern' ? [place.pattern] : []
    })
  })
  return [...new Set(patterns)]
}

/** Where a log is recorded, relative to the root; null when it stays outside. An alternative directory stands for the root. */
export function placeInDataset(root: string, spec: Pick<JobSpec, 'altDir'>, path: string): string | null {
  const there = spec.altDir === undefined ? null : insideRoot(spec.altDir, path)
  return there ?? insideRoot(root, path)
}

/** The folders below a job's alternative directory that it starts or writes its logs in, relative to it, as far as they can be told. */
export function logFolders(
  { altDir, logs }: Pick<JobSpec, 'altDir' | 'logs'>,
  user: string,
): readonly string[] {
  if (altDir === undefined || logs === null) return []
  const facts: LogFacts = { job: null, task: null, rawId: null, user }
  const places = [logs.stdout, logs.stderr].map((pattern) => placeLog(logs, pattern, facts))
  const files = places.flatMap((place) =>
    place.kind === 'path' ? [place.path] : place.kind === 'pattern' ? [place.pattern] : [],
  )
  const folders = [logs.chdir, ...files.map((file) => dirname(file))]
  return folders.flatMap((folder) => relativeTo(altDir, normalize(folder)) ?? [])
}

/** Root-relative form of an absolute path, or null when it lies outside. The folder may be reached through symlinks. */
export function insideRoot(root: string, path: string): string | null {
  const slash = path.lastIndexOf('/')
  const folder = realOr(path.slice(0, slash) || '/')
  const inside = relative(root, join(folder, path.slice(slash + 1)))
  return inside.startsWith('../') || inside === '..' || inside.startsWith('.git/') ? null : inside
}

function realOr(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return folder
  }
}
