import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { JobId } from '../contract/ids.ts'
import { partByDataset, type Part } from '../dataset/across.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import { fileStatus } from '../dataset/file-status.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { RepositoryPath } from '../dataset/paths.ts'
import { putBack } from '../dataset/put-back.ts'
import { removeOutputs, type RemovedOutput } from '../dataset/remove-outputs.ts'
import { restoreOutputs } from '../dataset/restore-outputs.ts'
import { below, subdatasetsOf } from '../dataset/subdatasets.ts'
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
  const parts = await outputFiles(context, job)
  if (!parts.ok) return parts
  if (fresh) return makeRoom(context, job, parts.value, report)
  const annexed = parts.value.filter(({ dataset }) => dataset.annex !== null)
  const plan = planWritable(annexedPlace(context), pathsOf(annexed), { token: job.token })
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
  const made = await makeWritable(annexedPlace(context), entries, { token: job.token }, () => {})
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
  parts: readonly Part[],
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  context.ledger.keepWritable(
    job.id,
    pathsOf(parts).map((path) => ({ path, note: { path, removed: true } satisfies RemovedNote })),
  )
  const all: RemovedOutput[] = []
  for (const { at, dataset, paths } of parts) {
    const removed = await removeOutputs(dataset, paths)
    if (!removed.ok) return removed
    all.push(...removed.value.map((one) => ({ ...one, path: below(at, one.path) })))
  }
  for (const { path, outcome } of all) {
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
  const back = notes.length === 0 ? ok([]) : await putBack(annexedPlace(context), notes, { token: job.token })
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
  const back = await putBack(annexedPlace(context), notes, { token: job.token })
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
  const parts = await partByDataset(
    subdatasetsOf(context.dataset, { initialise: false }),
    removed.map(({ path }) => path),
  )
  if (!parts.ok) return report(notRestored('.', parts.failure))
  for (const { at, dataset, paths } of parts.value) {
    const restored = await restoreOutputs(dataset, paths)
    if (!restored.ok) report(notRestored(at === '' ? '.' : at, restored.failure))
    for (const path of restored.ok ? restored.value : [])
      report({ action: 'restore', status: 'ok', path: below(at, path), type: 'file' })
  }
}

function notRestored(path: string, note: Note): Report {
  return { action: 'restore', status: 'error', path, type: 'dataset', note }
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

/**
 * The top dataset as one with an annex. What a link to annexed content is, is told by the link alone: those of subdatasets
 * are dealt with from here, together, and with one folder for temporary files.
 */
function annexedPlace({ dataset }: Context): Dataset {
  return { ...dataset, annex: dataset.annex ?? { uuid: '', version: '', crippled: false } }
}

function pathsOf(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ at, paths }) => paths.map((path) => below(at, path)))
}

/** What the job may write to: its outputs, and logs of a fixed name, which Slurm would not open for writing in the annex. */
async function outputFiles(context: Context, job: Job): Promise<Fallible<readonly Part[], DatasetFailure>> {
  const subdatasets = subdatasetsOf(context.dataset, { initialise: true })
  const logs = job.spec.logs === null ? [] : fixedLogs(job.spec.logs, context.user)
  const logsInside = logs
    .map((path) => insideRoot(context.dataset.root, path))
    .filter((path) => path !== null)
  const targets = [
    ...targetsOf(job.spec.outputs),
    ...logsInside.map((path): RepositoryPath => ({ path, directory: false, pattern: false })),
  ]
  const found = [...walk(context.dataset.root, targets, subdatasets.isOne)]
  return partByDataset(
    subdatasets,
    found.filter(({ kind }) => kind === 'file' || kind === 'symlink').map(({ path }) => path),
  )
}
