import type { ListedJob } from '../job/list.ts'
import { stateTitle } from '../provenance/title.ts'
import { printable } from '../api/printable.ts'
import { heldShort } from '../api/words-batch.ts'
import { dateTime, duration } from '../api/quantities.ts'
import { reasonWords } from './reasons.ts'
import { table } from './table.ts'

/** The list of open jobs, or of the `named` ones of them, as datalad-slurm prints it. */
export function openJobsLines(jobs: readonly ListedJob[], named: boolean): readonly string[] {
  if (jobs.length === 0) return [named ? 'None of these jobs is open.' : 'There are no open jobs.']
  return [
    'The following jobs are open:',
    'slurm-job-id   slurm-job-status',
    ...jobs.map((job) => printable(listedLine(job))),
  ]
}

/** A job's line in that list. */
export function listedLine(job: ListedJob): string {
  return `${(job.id ?? job.job).padEnd(10)} ${listedStatus(job)}`
}

/** The table of `waybill jobs`. */
export function jobTable(jobs: readonly ListedJob[], now: number): readonly string[] {
  if (jobs.length === 0) return ['no open jobs']
  const users = new Set(jobs.map((job) => job.user)).size > 1
  const worktrees = new Set(jobs.map((job) => job.worktree)).size > 1
  const header = ['JOB', 'ID', 'STATE', 'NAME', 'ELAPSED', 'SUBMITTED', 'OUTPUTS']
  const rows = jobs.map((job) => [
    job.job,
    idCell(job),
    stateCell(job),
    job.name,
    elapsed(job, now),
    job.submitted === null ? '-' : dateTime(job.submitted),
    job.outputs.join(' '),
    ...(users ? [job.user] : []),
    ...(worktrees ? [job.worktree] : []),
  ])
  return table([[...header, ...(users ? ['USER'] : []), ...(worktrees ? ['WORKTREE'] : [])], ...rows])
}

/** One word a job where there is one; of an array that ended in several ways, datalad-slurm's words for that. */
function listedStatus(job: ListedJob): string {
  return job.state === 'ended'
    ? stateTitle(job.groups.map(({ state }) => state)).toUpperCase()
    : statusOf(job)
}

function statusOf(job: ListedJob): string {
  if (job.groups.length < 2) return job.word
  if (job.ids !== undefined && job.groups.length > listed) return job.word
  return job.groups.map((group) => `${groupName(group)}: ${group.state}`).join(', ')
}

/** So many jobs fit a cell one by one; of more, the words alone. */
const listed = 8

function groupName({ job, parts }: ListedJob['groups'][number]): string {
  if (job === undefined) return parts
  return parts === '' ? job : `${job}_[${parts}]`
}

/** Slurm's id; of several jobs the first, and how many more. */
function idCell(job: ListedJob): string {
  if (job.id === job.job || job.id === null) return '-'
  const more = (job.ids?.length ?? 1) - 1
  return more === 0 ? job.id : `${job.id} +${more}`
}

function stateCell(job: ListedJob): string {
  if (job.held !== undefined) return `HELD (${heldShort(job.held)})`
  if (job.state === 'unknown' || job.state === 'intended')
    return `${job.state.toUpperCase()} (${job.reason ?? 'not found yet'})`
  const over = job.state === 'ended'
  const reason = over || job.reason === null ? '' : ` (${reasonWords(job.reason)})`
  const recorded = job.recorded.map(({ tasks }) => tasks).join(',')
  return `${statusOf(job)}${reason}${recorded === '' ? '' : ` (recorded: ${recorded})`}`
}

function elapsed(job: ListedJob, now: number): string {
  if (job.started === null || job.started > now) return '-'
  return duration(Math.max(0, (job.state === 'ended' ? (job.ended ?? now) : now) - job.started))
}
