import type { EpochSeconds, JobToken, SchedulerJobId } from '../contract/ids.ts'
import type { TokenSearch } from '../contract/scheduler.ts'
import { sacct, sacctRecords } from './accounting.ts'
import type { SharingSettings } from './ask-together.ts'
import { failureLine } from './failure.ts'
import { readPartName } from './job-name-parts.ts'
import { askQueue } from './queue.ts'
import type { QueueEntry } from './queue.ts'
import { readTime } from './values.ts'
import { readTrace, readWitnesses } from './witnesses.ts'

/** Clocks of a login node and its controller may differ by so many seconds. */
const clockSlack = 60

const columns = ['JobID', 'Submit', 'Comment', 'SubmitLine']

/** What is known of one cluster: the trace of the token there, or how sure it is that there is none. */
export type Found = Extract<TokenSearch, { kind: 'found' }>

/** What a search needs beside the token. */
export interface TokenSettings extends SharingSettings {
  readonly user: string
  /** Seconds that the controller remembers a finished job, or null when that cannot be learnt. */
  readonly minJobAge: () => Promise<number | null>
}

/**
 * Looks for the job that carries a token: in the submission's own folder, in the queue by the comment, in accounting by
 * the submitted line, then by the comment. `absent` is said only when every witness that could show it has answered.
 */
export async function findToken(
  settings: TokenSettings,
  token: JobToken,
  since: EpochSeconds,
  folder: string,
): Promise<TokenSearch> {
  const trace = readTrace(folder)
  const witness = readWitnesses(folder)
  if (typeof witness === 'object' && witness.kind === 'submitted') {
    return { kind: 'found', id: witness.id, cluster: witness.cluster, submittedAt: null }
  }
  const silences: string[] = []
  for (const cluster of trace.clusters ?? [null]) {
    const search = await findOn(settings, { token, since, cluster, ownComment: trace.ownComment })
    const [job] = search.kind === 'found' ? search.jobs : []
    if (job !== undefined) return job
    if (search.kind === 'unanswered') silences.push(search.message)
  }
  return silences.length === 0 ? { kind: 'absent' } : { kind: 'unanswered', message: silences.join('; ') }
}

/** Every job on one cluster that carries a token, oldest first. */
export type Carriers =
  { readonly kind: 'found'; readonly jobs: readonly Found[] } | Exclude<TokenSearch, { kind: 'found' }>

/** What is looked for, and where. */
export interface Wanted {
  readonly token: JobToken
  readonly since: EpochSeconds
  readonly cluster: string | null
  readonly ownComment: boolean
  /** Also those that the queue has forgotten beside others that it shows. */
  readonly every?: boolean
}

/** Looks for all jobs with a token on one cluster: in the queue, then in accounting. */
export async function findOn(settings: TokenSettings, wanted: Wanted): Promise<Carriers> {
  const { answer: queue } = await askQueue(settings, [settings.user], wanted.cluster)
  const entries = queue.ok ? queue.value : []
  const shown = entries
    .filter((entry) => entry.comment === `waybill:${wanted.token}`)
    .map((entry) => found(entry.row.job, entry.row.submitted, wanted.cluster))
  if (shown.length > 0 && !wanted.every) return { kind: 'found', jobs: eachOnce(shown) }

  const from = Math.floor(wanted.since) - clockSlack
  const recent = entries.filter((entry) => (entry.row.submitted ?? 0) >= from)
  const accounting = await findInAccounting(settings, wanted, from, recent)
  const counted = accounting.kind === 'found' ? accounting.jobs : []
  if (shown.length + counted.length > 0) return { kind: 'found', jobs: eachOnce([...shown, ...counted]) }
  if (!queue.ok) return { kind: 'unanswered', message: failureLine(queue.failure) }
  if (accounting.kind === 'off') return withoutAccounting(settings, wanted)
  return accounting
}

async function withoutAccounting(settings: TokenSettings, wanted: Wanted): Promise<Carriers> {
  const message = 'this cluster keeps no accounting, and'
  if (wanted.ownComment) {
    return {
      kind: 'unanswered',
      message: `${message} the queue shows the job's own comment in place of Waybill's`,
    }
  }
  const memory = await settings.minJobAge()
  const age = settings.now() - wanted.since
  if (memory !== null && age < memory) return { kind: 'absent' }
  return { kind: 'unanswered', message: `${message} the queue may have forgotten the job since` }
}

type AccountingSearch = Carriers | { readonly kind: 'off' }

async function findInAccounting(
  settings: TokenSettings,
  wanted: Wanted,
  from: EpochSeconds,
  recent: readonly QueueEntry[],
): Promise<AccountingSearch> {
  const where = wanted.cluster === null ? [] : ['-M', wanted.cluster]
  const ask = async (which: readonly string[]): ReturnType<typeof sacct> =>
    sacct(settings, ['-X', '-D', ...where, ...which, '-o', columns.join(',')])
  // An end far ahead, since a job that may not begin before tomorrow counts as tomorrow's.
  const period = [
    '-u',
    settings.user,
    '-S',
    sacctTime(from),
    '-E',
    sacctTime(settings.now() + 10 * 365 * 86_400),
  ]
  const first = await ask(period)
  if (!first.ok) return silence(first.failure)
  const lines = findLines(first.value, wanted)
  if (lines.length > 0 && !wanted.every) return { kind: 'found', jobs: lines }

  // Jobs that are held have no time at which they could begin, and so lie in no period: ask for them by id.
  const known = new Set(
    sacctRecords(first.value, columns.length).map((fields) => readPartName(fields[0] ?? '')?.job),
  )
  const missing = [...new Set(recent.map((entry) => entry.row.job))].filter((id) => !known.has(id))
  if (missing.length === 0) return carriers(lines)
  const second = await ask(['-j', missing.join(',')])
  if (!second.ok) return silence(second.failure)
  const held = findLines(second.value, wanted)
  if (lines.length + held.length > 0) return carriers([...lines, ...held])
  const answered = new Set(
    sacctRecords(second.value, columns.length).map((fields) => readPartName(fields[0] ?? '')?.job),
  )
  // A comment of the user's own hides the token from the queue; accounting has yet to hear of these jobs.
  const unheard = wanted.ownComment ? missing.filter((id) => !answered.has(id)) : []
  if (unheard.length === 0) return { kind: 'absent' }
  return { kind: 'unanswered', message: `accounting does not know job ${unheard.join(', ')} yet` }
}

function carriers(jobs: readonly Found[]): Carriers {
  return jobs.length === 0 ? { kind: 'absent' } : { kind: 'found', jobs }
}

function silence(failure: Parameters<typeof failureLine>[0]): AccountingSearch {
  if (failure.kind === 'accounting-off') return { kind: 'off' }
  return { kind: 'unanswered', message: failureLine(failure) }
}

function findLines(text: string, wanted: Wanted): readonly Found[] {
  const mark = `--comment=waybill:${wanted.token}`
  return sacctRecords(text, columns.length).flatMap(([name = '', submit = '', comment = '', line = '']) => {
    const part = readPartName(name)
    const ours = line.includes(mark) || comment === `waybill:${wanted.token}`
    return part !== null && ours ? [found(part.job, readTime(submit), wanted.cluster)] : []
  })
}

function eachOnce(jobs: readonly Found[]): readonly Found[] {
  return [...new Map(jobs.map((job) => [job.id, job])).values()].toSorted(
    (a, b) => Number(a.id) - Number(b.id),
  )
}

function found(job: string, submittedAt: EpochSeconds | null, cluster: string | null): Found {
  return { kind: 'found', id: job as SchedulerJobId, cluster, submittedAt }
}

/** sacct reads no epoch seconds; our questions are asked with the clock set to UTC. */
function sacctTime(seconds: EpochSeconds): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19)
}
