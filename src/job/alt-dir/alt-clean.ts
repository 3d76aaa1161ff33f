import { readdirSync, realpathSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sameContent, stamp } from '../../dataset/copy-file.ts'
import { neighboursOf } from './alt-neighbours.ts'
import { allNotes, dropNotes, markerName, readNotes, type AltNotes, type Noted } from './alt-notes.ts'
import { uses, withAbove } from './alt-plan.ts'
import type { Context, Job } from '../context.ts'
import { altDirLease, tryLease } from '../lease.ts'
import type { Report } from '../report.ts'
import { isOpen, jobFacts } from '../select.ts'

/** Whether a job that is over has left work in an alternative directory. */
export function hasAltDirsToClean(context: Context): boolean {
  return allNotes(context).some(({ job }) => {
    const row = context.ledger.job(job)
    return row === null || !isOpen(row)
  })
}

/**
 * Removes what jobs that are over have no more need of in their alternative directories. Call with the lease of those
 * held: another schedule may just be relying on what it found there.
 */
export function cleanAltDirs(context: Context, report: (report: Report) => void): void {
  for (const notes of allNotes(context)) {
    const job = context.ledger.job(notes.job)
    if (job !== null && isOpen(job)) continue
    try {
      if (job?.state === 'refused') removeOurs(context, notes, notes.copied)
      else if (job !== null && isKept(context, job)) {
        removeOurs(context, notes, job.spec.keepAltDir ? [] : [...notes.returned, ...notes.copied])
      }
      finishWith(context, notes)
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      // What another user made may be theirs alone to remove: their next finish does it.
      if (job !== null && job.user !== context.user) continue
      const note = { kind: 'alt-not-cleaned', dir: notes.dir, message: error.message } as const
      const facts = job === null ? {} : { facts: jobFacts(job) }
      report({ action: 'clean', status: 'notneeded', path: '', type: 'job', note, ...facts })
      dropNotes(context, notes)
    }
  }
}

/** Recorded; or a command that changed nothing, which needs no record. */
function isKept(context: Context, job: Job): boolean {
  return (
    job.state === 'recorded' || context.ledger.events(job.id).some(({ kind }) => kind === 'nothing-changed')
  )
}

/** Takes back what was copied for a job that was not submitted. Call with the lease held. */
export function undoAltDir(context: Context, job: Job): void {
  const notes = readNotes(context, job.token)
  // The first draft of them may lie there, of one that was killed over it.
  if (notes === null) return dropNotes(context, job)
  try {
    removeOurs(context, notes, notes.copied)
    finishWith(context, notes)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    // The notes stay, and with them the work for whoever comes next.
  }
}

/** The same when nobody is just copying; else it is left to the next `finish` or `schedule`. */
export async function tryToUndoAltDir(context: Context, job: Job): Promise<void> {
  await tryLease(context, altDirLease, async () => undoAltDir(context, job))
}

/** Removes files that are still what was noted of them, and the folders that are then empty and were not there before. */
function removeOurs(context: Context, notes: AltNotes, files: readonly Noted[]): void {
  const { dir } = notes
  const neighbours = neighboursOf(context, { id: notes.job }, dir)
  removeTemporary(notes)
  const removed: string[] = []
  for (const { path, stamp: then } of files) {
    const file = join(dir, path)
    if (neighbours.some((one) => uses(one, path))) continue
    if (!sameContent(stamp(file), then) || !isRealPath(file)) continue
    unlinkSync(file)
    removed.push(path)
  }
  const needed = new Set(neighbours.flatMap(({ notes: other }) => other.folders))
  const standing = new Set(notes.standing)
  const folders = new Set([...notes.made, ...removed.flatMap((path) => withAbove(parentOf(path)))])
  for (const folder of [...folders].toSorted((a, b) => b.split('/').length - a.split('/').length)) {
    if (!standing.has(folder) && !needed.has(folder)) removeEmpty(join(dir, folder))
  }
}

/** What lies behind a link to a folder is somebody else's. */
function isRealPath(file: string): boolean {
  return realpathSync(dirname(file)) === dirname(file)
}

/** The folder that a path lies in; empty for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** Copies that were never complete. */
function removeTemporary(notes: AltNotes): void {
  if (notes.ready) return
  for (const folder of new Set(notes.planned.map(parentOf))) {
    for (const name of listed(join(notes.dir, folder))) {
      if (name.startsWith(`${markerName(notes.token)}-`))
        rmSync(join(notes.dir, folder, name), { force: true })
    }
  }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Not empty, or not ours to remove.
  }
}

function finishWith(context: Context, notes: AltNotes): void {
  rmSync(join(notes.dir, markerName(notes.token)), { force: true })
  dropNotes(context, notes)
}
