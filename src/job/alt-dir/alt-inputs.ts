import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { copyWhole, stamp } from '../../dataset/copy-file.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { literalPrefix } from '../../ledger/path-pattern.ts'
import { cleanAltDirs, parentOf, undoAltDir } from './alt-clean.ts'
import { listBelow } from './alt-list.ts'
import { markerName, writeNotes, type AltNotes, type Noted } from './alt-notes.ts'
import { neighboursOf } from './alt-neighbours.ts'
import { planAltDir, withAbove, type AltPlan, type Neighbour, type Wanted } from './alt-plan.ts'
import type { Context, Job } from '../context.ts'
import { altDirLease, withLease } from '../lease.ts'
import { fixedLogs, insideRoot } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'

/**
 * Makes a job's alternative directory ready: copies of its inputs and script, and the folders it needs; nothing for other
 * jobs. What was done is noted before it is done. On a failure all of it is undone.
 */
export async function prepareAltDir(
  context: Context,
  job: Job,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const dir = job.spec.altDir
  if (dir === undefined) return ok(null)
  return withLease(context, altDirLease, async () => {
    cleanAltDirs(context, report)
    const done = await prepare(context, job, dir, report)
    if (!done.ok) undoAltDir(context, job)
    return done
  })
}

async function prepare(
  context: Context,
  job: Job,
  dir: string,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  let at = dir
  try {
    const neighbours = neighboursOf(context, job, dir)
    const planned = await planAltDir(context, job, dir, neighbours)
    if (!planned.ok) return planned
    const plan = planned.value
    const notes = firstNotes(job, dir, plan)
    writeNotes(context, notes)
    for (const folder of plan.folders) {
      at = join(dir, folder)
      if (statSync(at, { throwIfNoEntry: false }) === undefined) mkdirSync(at)
    }
    const bytes = plan.copies.reduce((sum, one) => sum + (one.kind === 'file' ? one.size : 0), 0)
    if (bytes > 0) context.progress({ kind: 'copying-inputs', files: plan.copies.length, bytes })
    const copied: Noted[] = [...plan.shared]
    for (const [i, wanted] of plan.copies.entries()) {
      at = wanted.path
      const made = await makeCopy(context, wanted, temporaryCopy(notes, wanted.path, i))
      if (!made.ok) return made
      copied.push(made.value)
    }
    context.progress({ kind: 'done' })
    at = dir
    writeNotes(context, { ...notes, copied })
    for (const [i, { path }] of plan.copies.entries()) {
      at = path
      renameSync(temporaryCopy(notes, path, i), join(dir, path))
    }
    at = dir
    closeSync(openSync(join(dir, markerName(job.token)), 'w'))
    writeNotes(context, { ...notes, copied, ready: true, ...lookBefore(job, dir, plan, neighbours) })
    if (plan.copies.length > 0) {
      const note = { kind: 'copied-inputs', files: plan.copies.length, bytes, dir } as const
      report({ action: 'copy', status: 'ok', path: '.', type: 'dataset', note })
    }
    return ok(null)
  } catch (error) {
    // The system's refusals have a code; what has none is a bug.
    if (!(error instanceof Error) || !('code' in error)) throw error
    return fail({ kind: 'input-not-copied', path: at, dir, message: error.message })
  } finally {
    context.progress({ kind: 'done' })
  }
}

function firstNotes(job: Job, dir: string, plan: AltPlan): AltNotes {
  return {
    job: job.id,
    token: job.token,
    dir,
    ready: false,
    planned: plan.copies.map(({ path }) => path),
    copied: plan.shared,
    folders: plan.folders,
    made: plan.made,
    before: [],
    standing: [],
    returned: [],
  }
}

/** Where a copy lies until all are complete: beside its place, by a name that tells whose it is. */
export function temporaryCopy(notes: Pick<AltNotes, 'dir' | 'token'>, path: string, number: number): string {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
  return join(notes.dir, folder, `${markerName(notes.token)}-${number}`)
}

async function makeCopy(context: Context, wanted: Wanted, temporary: string): Promise<Fallible<Noted, Note>> {
  const { path } = wanted
  rmSync(temporary, { force: true })
  if (wanted.kind === 'link') symlinkSync(wanted.text, temporary)
  else {
    if ((await copyWhole(join(context.dataset.root, path), temporary)) === 'changed')
      return fail({ kind: 'changed-while-copied', path })
    // An annexed file is read-only: the job's own output must not be.
    if (wanted.writable) chmodSync(temporary, (statSync(temporary).mode & 0o777) | 0o200)
  }
  const made = stamp(temporary)
  return made === null ? fail({ kind: 'changed-while-copied', path }) : ok({ path, stamp: made })
}

/** What lies below the outputs and was there before the job: it is not the job's. */
function lookBefore(
  job: Job,
  dir: string,
  plan: AltPlan,
  neighbours: readonly Neighbour[],
): Pick<AltNotes, 'before' | 'standing'> {
  const before: Noted[] = []
  const standing = new Set<string>()
  for (const one of listBelow(dir, job.spec.outputs, true)) {
    if (one.kind === 'missing') continue
    const folder = one.kind === 'empty-directory' ? one.path : parentOf(one.path)
    if (one.kind === 'file' || one.kind === 'link') before.push({ path: one.path, stamp: one.stamp })
    for (const above of withAbove(folder)) standing.add(above)
  }
  for (const log of job.spec.logs === null ? [] : fixedLogs(job.spec.logs, job.user)) {
    const path = insideRoot(dir, log)
    const now = path === null || fileStatus(log) === undefined ? null : stamp(log)
    if (path !== null && now !== null) before.push({ path, stamp: now })
  }
  // Of an output that is not there yet, the folders above it may be.
  for (const output of job.spec.outputs) {
    for (const above of withAbove(literalPrefix(output)))
      if (fileStatus(join(dir, above)) !== undefined) standing.add(above)
  }
  for (const folder of plan.folders) standing.add(folder)
  for (const folder of plan.made) standing.delete(folder)
  // What another job has just made above its own outputs goes with the last of them.
  const theirs = neighbours.flatMap(({ job: other, notes }) =>
    other.spec.outputs
      .flatMap((output) => withAbove(literalPrefix(output)))
      .filter((folder) => !notes.standing.includes(folder)),
  )
  for (const folder of theirs) standing.delete(folder)
  return { before, standing: [...standing] }
}
