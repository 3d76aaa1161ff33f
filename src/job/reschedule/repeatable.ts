import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { readLog, resolveRevision, type LoggedCommit } from '../../dataset/log.ts'
import { readMessage } from '../../provenance/message.ts'
import type { RecordMessage, RunRecord } from '../../provenance/record.ts'
import { titleSaysCompleted } from '../../provenance/title.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import { isOldPair, oldJobId, readOldPairs, type OldPairs } from './old-pairs.ts'
import { bySlurmId, recordOf } from '../record-of-job.ts'
import type { RescheduleRequest } from './reschedule-request.ts'
import { calledName, findJob, isOpen } from '../select.ts'
import { readSidecarOf } from './sidecar.ts'

/** A record that can be run again. */
export interface Repeatable {
  readonly commit: CommitId
  readonly message: RecordMessage
  readonly record: RunRecord
  /** The commit that held the scripts and inputs when the job was submitted, as far as history tells. */
  readonly before: CommitId
}

/** A commit that was asked for, and its record or why there is none to run. */
export interface Candidate {
  readonly commit: CommitId
  readonly found: Fallible<Repeatable, Note>
}

const none: OldPairs = { finishOf: new Map(), scheduleOf: new Map() }

/** The records that a request means, oldest first. In a range, commits without a record are no news and left out. */
export async function chooseRecords(
  context: Context,
  request: RescheduleRequest,
): Promise<Fallible<readonly Candidate[], Note>> {
  const commits = await commitsOf(context, request)
  if (!commits.ok) return commits
  const { value } = commits
  const tip = value.at(-1)
  const paired =
    tip !== undefined && value.some(({ message }) => isOldPair(message))
      ? await readOldPairs(context, tip.commit)
      : ok(none)
  if (!paired.ok) return paired
  const asked = new Set(value.map(({ commit }) => commit))
  const candidates: Candidate[] = []
  for (const logged of value) {
    const result = paired.value.finishOf.get(logged.commit)
    // A pair is one job: it stands where its results do, when these are asked for too.
    if (result !== undefined && asked.has(result.commit)) continue
    const found = await readRepeatable(context, request, result ?? logged, paired.value)
    if (!found.ok && found.failure.kind === 'no-record' && request.since !== null) continue
    candidates.push({ commit: result?.commit ?? logged.commit, found })
  }
  return ok(candidates)
}

async function commitsOf(
  context: Context,
  request: RescheduleRequest,
): Promise<Fallible<readonly LoggedCommit[], Note>> {
  const { since, revision } = request
  const ofJob = since === null ? await commitOfJob(context, revision) : ok(null)
  if (!ofJob.ok) return ofJob
  if (ofJob.value !== null) return ok([ofJob.value])
  const to = await resolveRevision(context.dataset, revision)
  if (!to.ok) return to
  if (since === null)
    return readLog(context.dataset, { revisions: [to.value], order: 'newest-first', limit: 1 })
  if (since.trim() === '') return readLog(context.dataset, { revisions: [to.value], order: 'oldest-first' })
  const from = await resolveRevision(context.dataset, since)
  return from.ok
    ? readLog(context.dataset, { revisions: [`${from.value}..${to.value}`], order: 'oldest-first' })
    : from
}

/** The record of a job that is called by its name (`w12`) or Slurm's id; null when the word names none. */
async function commitOfJob(context: Context, target: string): Promise<Fallible<LoggedCommit | null, Note>> {
  const named = /^(?:w\d+|(\d+))(?:[_+]\d+)?$/.exec(target)
  if (named === null) return ok(null)
  const found = findJob(context, target)
  if ('job' in found) {
    const { job } = found
    if (isOpen(job)) return fail({ kind: 'still-open', job: calledName(job) })
    if (job.commit === null) return fail({ kind: 'over-unrecorded', job: calledName(job) })
    const logged = await recordOf(context, job, job.commit)
    if (!logged.ok || logged.value !== null) return logged
    return fail({ kind: 'record-gone', job: calledName(job), commit: job.commit })
  }
  if (found.note.kind === 'ambiguous-job') return fail(found.note)
  // In another clone the ledger does not know the job, but history does, by Slurm's id.
  return named[1] === undefined ? ok(null) : bySlurmId(context, named[1])
}

async function readRepeatable(
  context: Context,
  request: RescheduleRequest,
  logged: LoggedCommit,
  pairs: OldPairs,
): Promise<Fallible<Repeatable, Note>> {
  const read = readMessage(logged.message)
  if (!read.ok) return read
  if (logged.parents.length > 1) return fail({ kind: 'is-merge' })
  const { record: raw, title, text } = read.value
  if (title === 'DATALAD SCHEDULE' || title === 'DATALAD RESCHEDULE')
    return fail({ kind: 'pair-open', job: oldJobId(logged.message) })
  const whole = typeof raw === 'string' ? await readSidecarOf(context, logged.commit, raw) : ok(raw)
  if (!whole.ok) return whole
  const record = whole.value
  if (title !== 'DATALAD RUNCMD' && !titleSaysCompleted(text) && !request.withFailedJobs)
    return fail({ kind: 'skipped-failed', title: text.split('\n')[0] ?? '' })
  // 229089709 stands for "no id" in datalad-slurm's records.
  if (typeof record.dsid === 'string' && context.dataset.id !== null && record.dsid !== context.dataset.id)
    return fail({ kind: 'other-dataset', dsid: record.dsid })
  const { commit, parents } = logged
  const before = await commitBefore(context, record, pairs.scheduleOf.get(commit) ?? parents[0] ?? commit)
  return ok({ commit, message: { ...read.value, record }, record, before })
}

/** HEAD at submission where the record says it and it is still there, else what stands before the record. */
async function commitBefore(context: Context, record: RunRecord, known: CommitId): Promise<CommitId> {
  const said = record.commit_id
  if (typeof said !== 'string' || !/^[0-9a-f]{40,64}$/.test(said)) return known
  const there = await resolveRevision(context.dataset, said)
  return there.ok ? there.value : known
}
