import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { resolveRevision, type LoggedCommit } from '../dataset/log.ts'
import { readNote } from '../dataset/notes.ts'
import { normalise } from '../dataset/paths.ts'
import { subdatasetsOf } from '../dataset/subdatasets.ts'
import type { Change } from '../dataset/tree.ts'
import type { RecordedTasks } from '../ledger/job-row.ts'
import { readMessage } from '../provenance/message.ts'
import type { RunRecord } from '../provenance/record.ts'
import type { Context, Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import type { Metrics } from './metrics.ts'
import { observe } from './observe.ts'
import type { Note } from './note.ts'
import { recordedMetrics, withNote } from './recorded-facts.ts'
import { bySlurmId, newest, recordOf } from './record-of-job.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen } from './select.ts'
import { changesOf, recordOfPath } from './show-below.ts'
import { readSidecarOf } from './reschedule/sidecar.ts'
import type { JobSpec } from './spec.ts'

/** A record as `waybill show --json` prints it; or a job that has none yet. */
export type Shown =
  | {
      readonly kind: 'record'
      readonly commit: CommitId
      /** The subdataset that holds this commit, where no record of the dataset itself goes with it. */
      readonly subdataset?: string
      readonly title: string
      readonly text: string
      readonly record: RunRecord
      readonly made: readonly { readonly path: string; readonly what: 'added' | 'changed' | 'deleted' }[]
      /** What accounting said after the record was made (refs/notes/waybill). */
      readonly note: string | null
      /** Of the last attempts of all its parts together, later facts included. */
      readonly metrics: Metrics
    }
  | {
      readonly kind: 'open' | 'closed'
      readonly job: string
      readonly state: string
      /** Of a job that is over without a record: the last thing that the ledger noted about it. */
      readonly how: string | null
      readonly spec: JobSpec
      readonly evidence: Evidence | null
      /** Tasks of an array that have their record already, and which. */
      readonly recorded: readonly RecordedTasks[]
    }

/** Finds the record that a person means by a job, a commit, or a file that it made; in this order. */
export async function findRecord(context: Context, target: string): Promise<Fallible<Shown, Report>> {
  const found = await search(context, target)
  if (found.ok) return found
  return fail({ action: 'show', status: 'impossible', path: '', note: found.failure } as const)
}

/** The same with what is in the way as a note. */
export async function search(context: Context, target: string): Promise<Fallible<Shown, Note>> {
  const named = /^(?:w\d+|(\d+))(?:[_+]\d+)?$/.exec(target)
  if (named !== null) {
    const found = findJob(context, target)
    if ('job' in found) return showJob(context, found.job)
    if (found.note.kind === 'ambiguous-job') return fail(found.note)
    // In another clone the ledger does not know the job, but history does, by Slurm's id.
    const logged = named[1] === undefined ? ok(null) : await bySlurmId(context, named[1])
    if (!logged.ok) return logged
    if (logged.value !== null) return showCommit(context, logged.value)
  }
  const revision = await resolveRevision(context.dataset, target)
  if (revision.ok) {
    const commit = await newest(context, { revisions: [revision.value] })
    if (!commit.ok) return commit
    return commit.value === null ? fail({ kind: 'no-record' }) : showCommit(context, commit.value)
  }
  const path = normalise(context.dataset, context.cwd, target)
  if (!path.ok) return path
  const made = await byPath(context, path.value.path)
  return made.ok || made.failure.kind !== 'no-record-for-path' || named === null
    ? made
    : fail({ kind: 'no-such-record', target })
}

async function showJob(context: Context, job: Job): Promise<Fallible<Shown, Note>> {
  if (isOpen(job) || job.commit === null) {
    const [seen] = isOpen(job) ? await observe(context, [job], 'states') : []
    return ok({
      kind: isOpen(job) ? 'open' : 'closed',
      job: calledName(job),
      state: job.state,
      how: isOpen(job) ? null : (context.ledger.events(job.id).at(-1)?.kind ?? null),
      spec: job.spec,
      evidence: seen?.evidence ?? job.observed,
      recorded: job.recorded,
    })
  }
  const logged = await recordOf(context, job, job.commit)
  if (!logged.ok) return logged
  return logged.value === null
    ? fail({ kind: 'record-gone', job: calledName(job), commit: job.commit })
    : showCommit(context, logged.value)
}

async function byPath(context: Context, path: string): Promise<Fallible<Shown, Note>> {
  const found = await recordOfPath(subdatasetsOf(context.dataset, { initialise: false }), path)
  if (!found.ok) return found
  return found.value === null
    ? fail({ kind: 'no-record-for-path', path })
    : showCommit(context, found.value.logged, found.value.at)
}

async function showCommit(context: Context, logged: LoggedCommit, at = ''): Promise<Fallible<Shown, Note>> {
  const message = readMessage(logged.message)
  if (!message.ok) return message
  const { record, title, text } = message.value
  const [parent] = logged.parents
  const subdatasets = subdatasetsOf(context.dataset, { initialise: false })
  const dataset = await subdatasets.open(at)
  if (!dataset.ok) return dataset
  const below = { ...context, dataset: dataset.value }
  const whole = typeof record === 'string' ? await readSidecarOf(below, logged.commit, record) : ok(record)
  if (!whole.ok) return whole
  const [changes, note] = await Promise.all([
    changesOf(subdatasets, at, parent ?? null, logged.commit),
    readNote(dataset.value, logged.commit),
  ])
  if (!changes.ok) return changes
  if (!note.ok) return note
  return ok({
    kind: 'record',
    commit: logged.commit,
    ...(at === '' ? {} : { subdataset: at }),
    title,
    text,
    record: whole.value,
    made: changes.value.map(madeOf),
    note: note.value,
    metrics: recordedMetrics(withNote(whole.value.waybill ?? {}, note.value)),
  })
}

function madeOf({ path, before, after }: Change): {
  readonly path: string
  readonly what: 'added' | 'changed' | 'deleted'
} {
  return { path, what: before === null ? 'added' : after === null ? 'deleted' : 'changed' }
}
