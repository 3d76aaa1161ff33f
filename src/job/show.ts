import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { readLog, resolveRevision, type LoggedCommit } from '../dataset/log.ts'
import { readNote } from '../dataset/notes.ts'
import { normalise } from '../dataset/paths.ts'
import { diffTrees, type Change } from '../dataset/tree.ts'
import { readMessage } from '../provenance/message.ts'
import type { RunRecord } from '../provenance/record.ts'
import type { Context, Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import { observe } from './observe.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { findJob, isOpen } from './select.ts'
import type { JobSpec } from './spec.ts'

/** A record as `waybill show --json` prints it; or a job that has none yet. */
export type Shown =
  | {
      readonly kind: 'record'
      readonly commit: CommitId
      readonly title: string
      readonly text: string
      readonly record: RunRecord
      readonly made: readonly { readonly path: string; readonly what: 'added' | 'changed' | 'deleted' }[]
      /** What accounting said after the record was made (refs/notes/waybill). */
      readonly note: string | null
    }
  | {
      readonly kind: 'open'
      readonly job: string
      readonly state: string
      readonly spec: JobSpec
      readonly evidence: Evidence | null
    }

/** Finds the record that a person means by a job, a commit, or a file that it made; in this order. */
export async function findRecord(context: Context, target: string): Promise<Fallible<Shown, Report>> {
  const found = await search(context, target)
  if (found.ok) return found
  return fail({ action: 'show', status: 'impossible', path: '', note: found.failure } as const)
}

async function search(context: Context, target: string): Promise<Fallible<Shown, Note>> {
  if (/^w?\d+([_+]\d+)?$/.test(target)) {
    const job = findJob(context, target)
    if ('job' in job) return showJob(context, job.job)
    const logged = await bySlurmId(context, target)
    if (!logged.ok) return logged
    if (logged.value !== null) return showCommit(context, logged.value)
  }
  const revision = await resolveRevision(context.dataset, target)
  if (revision.ok) {
    const logged = await readLog(context.dataset, {
      revisions: [revision.value],
      order: 'newest-first',
      limit: 1,
    })
    if (!logged.ok) return logged
    const [commit] = logged.value
    return commit === undefined ? fail({ kind: 'no-record' }) : showCommit(context, commit)
  }
  const path = normalise(context.dataset, context.cwd, target)
  return path.ok ? byPath(context, path.value.path) : path
}

async function showJob(context: Context, job: Job): Promise<Fallible<Shown, Note>> {
  if (isOpen(job) || job.commit === null) {
    const [seen] = isOpen(job) ? await observe(context, [job], 'states') : []
    const name = job.schedulerId ?? `w${job.id}`
    return ok({
      kind: 'open',
      job: name,
      state: job.state,
      spec: job.spec,
      evidence: seen?.evidence ?? job.observed,
    })
  }
  const logged = await readLog(context.dataset, { revisions: [job.commit], order: 'newest-first', limit: 1 })
  if (!logged.ok) return logged
  const [commit] = logged.value
  return commit === undefined ? fail({ kind: 'no-record' }) : showCommit(context, commit)
}

/** In another clone the ledger does not know the job, but history does. */
async function bySlurmId(context: Context, id: string): Promise<Fallible<LoggedCommit | null, Note>> {
  const logged = await readLog(context.dataset, {
    revisions: ['HEAD'],
    order: 'newest-first',
    containing: `Slurm job ${id}:`,
    limit: 1,
  })
  return logged.ok ? ok(logged.value[0] ?? null) : logged
}

async function byPath(context: Context, path: string): Promise<Fallible<Shown, Note>> {
  const logged = await readLog(context.dataset, {
    revisions: ['HEAD'],
    order: 'newest-first',
    containing: '=== Do not change lines below ===',
    paths: [path],
    limit: 1,
  })
  if (!logged.ok) return logged
  const [commit] = logged.value
  return commit === undefined ? fail({ kind: 'no-record-for-path', path }) : showCommit(context, commit)
}

async function showCommit(context: Context, logged: LoggedCommit): Promise<Fallible<Shown, Note>> {
  const message = readMessage(logged.message)
  if (!message.ok) return message
  const { record, title, text } = message.value
  if (typeof record === 'string') return fail({ kind: 'sidecar', name: record })
  const [parent] = logged.parents
  const [changes, note] = await Promise.all([
    diffTrees(context.dataset, parent ?? null, logged.commit),
    readNote(context.dataset, logged.commit),
  ])
  if (!changes.ok) return changes
  if (!note.ok) return note
  return ok({
    kind: 'record',
    commit: logged.commit,
    title,
    text,
    record,
    made: changes.value.map(madeOf),
    note: note.value,
  })
}

function madeOf({ path, before, after }: Change): {
  readonly path: string
  readonly what: 'added' | 'changed' | 'deleted'
} {
  return { path, what: before === null ? 'added' : after === null ? 'deleted' : 'changed' }
}
