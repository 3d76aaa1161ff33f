import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { JobId } from '../contract/ids.ts'
import { fileStatus } from '../dataset/file-status.ts'
import type { RepositoryPath } from '../dataset/paths.ts'
import { putBack } from '../dataset/put-back.ts'
import { removeOutputs } from '../dataset/remove-outputs.ts'
import { restoreOutputs } from '../dataset/restore-outputs.ts'
import { cleanLeftovers } from '../dataset/temporary-file.ts'
import { walk } from '../dataset/walk.ts'
import { makeWritable, planWritable, type WritableNote, type WritablePlan } from '../dataset/writable.ts'
import type { Context, Job } from './context.ts'
import { fixedLogs, insideRoot } from './logs-plan.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { targetsOf } from './targets.ts'

/** Left free when annexed outputs are copied: a full disk hurts more than a refused job. Bytes. */
const keptFree = 64 * 1024 * 1024

/** Makes the job's annexed outputs writable, or removes them; the ledger knows of each before it is touched. */
export async function makeOutputsReady(
  context: Context,
  job: Job,
  fresh: boolean,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const paths = outputFiles(context, job)
  if (fresh) return makeRoom(context, job, paths, report)
  if (context.dataset.annex === null || paths.length === 0) return ok(null)
  const plan = planWritable(context.dataset, paths, { token: job.token })
  if (!plan.ok) return plan
  const { entries } = plan.value
  if (entries.length === 0) return ok(null)
  const copied = plan.value.reflink ? 0 : plan.value.bytes
  if (copied > 0 && copied + keptFree > plan.value.free) {
    return { ok: false, failure: { kind: 'too-large-to-copy', bytes: copied, free: plan.value.free } }
  }
  return makeAllWritable(context, job, plan.value, copied, report)
}

async function makeAllWritable(
  context: Context,
  job: Job,
  plan: WritablePlan,
  copied: number,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const { entries } = plan
  const keep = (notes: readonly WritableNote[]): void =>
    context.ledger.keepWritable(
      job.id,
      notes.map((note) => ({ path: note.path, note })),
    )
  // Before the first file is touched; after a kill in between, content tells what was done.
  keep(entries.map(({ path, key, target }) => ({ path, key, target, made: null })))
  if (copied > 0) context.progress({ kind: 'copying', files: entries.length, bytes: copied })
  // One transaction for all: a note a file would be a wait for the disk a file.
  const made = await makeWritable(context.dataset, entries, { token: job.token }, () => {})
  context.progress({ kind: 'done' })
  if (!made.ok) return made
  keep(made.value)
  const note = { kind: 'made-writable', files: made.value.length, copiedBytes: copied } as const
  report({ action: 'unlock', status: 'ok', path: '.', type: 'dataset', note })
  return ok(null)
}

async function makeRoom(
  context: Context,
  job: Job,
  paths: readonly string[],
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  context.ledger.keepWritable(
    job.id,
    paths.map((path) => ({ path, note: { path, removed: true } satisfies RemovedNote })),
  )
  const removed = await removeOutputs(context.dataset, paths)
  if (!removed.ok) return removed
  for (const { path, outcome } of removed.value) {
    if (outcome === 'removed') report({ action: 'remove', status: 'ok', path, type: 'file' })
    else
      report({
        action: 'remove',
        status: 'notneeded',
        path,
        type: 'file',
        note: { kind: 'kept', why: outcome },
      })
  }
  return ok(null)
}

/** Puts back what the job did not change, before its outputs are stored again: that would read them all. */
export async function putUnchangedBack(context: Context, job: Job): Promise<Fallible<null, Note>> {
  const notes = notesOf(context, job)
  const back = notes.length === 0 ? ok([]) : await putBack(context.dataset, notes, { token: job.token })
  if (notes.length > 0) clean(context, job, notes)
  return back.ok ? ok(null) : back
}

/** The end of a job that is not recorded: unchanged outputs become what they were, changed ones are named. */
export async function releaseFiles(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<void> {
  await bringBack(context, job, report)
  const notes = notesOf(context, job)
  if (notes.length === 0) {
    // One that was killed while it tried what the file system can do has noted nothing yet.
    clean(context, job, notes)
    return
  }
  const back = await putBack(context.dataset, notes, { token: job.token })
  if (!back.ok) report({ action: 'lock', status: 'error', path: '.', type: 'dataset', note: back.failure })
  for (const { path, outcome } of back.ok ? back.value : []) {
    if (outcome === 'restored') continue
    // What a part of its tasks made is recorded, and no longer this job's.
    if (outcome === 'gone' && job.recorded.length > 0 && isThere(context, path)) continue
    report({
      action: 'lock',
      status: 'notneeded',
      path,
      type: 'file',
      note: { kind: 'left-as-is', why: outcome },
    })
  }
  clean(context, job, notes)
}

/** Outputs that were removed to make room for fresh ones, and that no job has made, come back. */
async function bringBack(context: Context, job: Job, report: (report: Report) => void): Promise<void> {
  const removed = allNotes(context, job).filter(isRemoved)
  const restored = await restoreOutputs(
    context.dataset,
    removed.map(({ path }) => path),
  )
  if (!restored.ok)
    report({ action: 'restore', status: 'error', path: '.', type: 'dataset', note: restored.failure })
  for (const path of restored.ok ? restored.value : [])
    report({ action: 'restore', status: 'ok', path, type: 'file' })
}

function clean(context: Context, job: Job, notes: readonly WritableNote[]): void {
  cleanLeftovers(
    context.dataset,
    job.token,
    notes.map(({ path }) => path),
  )
}

/** What is noted of a file before it is removed for a fresh one. */
interface RemovedNote {
  readonly path: string
  readonly removed: true
}

function isRemoved(note: WritableNote | RemovedNote): note is RemovedNote {
  return 'removed' in note
}

function isThere(context: Context, path: string): boolean {
  return fileStatus(join(context.dataset.root, path)) !== undefined
}

/** The notes of outputs that were removed for a job to make fresh ones. */
export function removedFiles(
  context: Context,
  job: JobId,
): readonly { readonly path: string; readonly note: unknown }[] {
  return context.ledger.writable(job).filter(({ note }) => isRemoved(note as WritableNote | RemovedNote))
}

function notesOf(context: Context, job: Job): readonly WritableNote[] {
  return allNotes(context, job).filter((note): note is WritableNote => !isRemoved(note))
}

function allNotes(context: Context, job: Job): readonly (WritableNote | RemovedNote)[] {
  // What stands there was written by `keepWritable` above, of this or an earlier version.
  return context.ledger.writable(job.id).map(({ note }) => note as WritableNote | RemovedNote)
}

/** What the job may write to: its outputs, and logs of a fixed name, which Slurm would not open for writing in the annex. */
function outputFiles(context: Context, job: Job): readonly string[] {
  const logs = job.spec.logs === null ? [] : fixedLogs(job.spec.logs, context.user)
  const logsInside = logs
    .map((path) => insideRoot(context.dataset.root, path))
    .filter((path) => path !== null)
  const targets = [
    ...targetsOf(job.spec.outputs),
    ...logsInside.map((path): RepositoryPath => ({ path, directory: false, pattern: false })),
  ]
  const found = [...walk(context.dataset.root, targets)]
  return found.filter(({ kind }) => kind === 'file' || kind === 'symlink').map(({ path }) => path)
}
