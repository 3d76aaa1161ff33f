import { renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { copyWhole, sameBytes, sameContent, stamp, type Stamp } from '../../dataset/copy-file.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { makeFolders } from '../../dataset/own-file.ts'
import { escapePattern } from '../../dataset/paths.ts'
import { cleanLeftovers, putInPlace, temporaryPath } from '../../dataset/temporary-file.ts'
import { covers } from '../../ledger/covers.ts'
import { listBelow, type Listed } from './alt-list.ts'
import { markerName, readNotes, writeNotes, type AltNotes, type Noted, type Returned } from './alt-notes.ts'
import type { Context, Job } from '../context.ts'
import { aboutJob, outputsOf, type EndedJob } from '../finish/ended.ts'
import type { OpenLogs } from '../finish/open-logs.ts'
import { insideRoot, logFiles } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName } from '../select.ts'

/**
 * Brings what jobs made in alternative directories back into the work tree. A job of which this fails is left out after
 * saying why: it stays open, what has come is whole, and the next finish goes on.
 */
export async function bringAllBack(
  context: Context,
  jobs: readonly EndedJob[],
  logs: OpenLogs,
  report: (report: Report) => void,
): Promise<readonly EndedJob[]> {
  const ready: EndedJob[] = []
  for (const ended of jobs) {
    const { altDir } = ended.job.spec
    const back = altDir === undefined ? ok(null) : await bringBack(context, ended, altDir, logs, report)
    if (back.ok) ready.push(ended)
    else {
      report({ action: 'copy', status: 'error', path: '.', type: 'dataset', note: back.failure })
      report(aboutJob('error', ended.job, { kind: 'not-saved', job: calledName(ended.job) }))
    }
  }
  return ready
}

/** A file or link that has come or changed since the job was submitted. */
type Made = Extract<Listed, { readonly stamp: Stamp }> & { readonly isLog: boolean }

async function bringBack(
  context: Context,
  ended: EndedJob,
  dir: string,
  logs: OpenLogs,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const { job } = ended
  const marker = join(dir, markerName(job.token))
  const notes = readNotes(context, job.token)
  if (!isThere(notes === null ? dir : marker)) return fail({ kind: 'alt-dir-gone', dir, marker })
  const returned: Returned[] = []
  const declared = job.spec.outputs
  let at = dir
  try {
    const listed = listMade(context, ended, dir, notes?.before ?? [], logs())
    const unreadable = listed.find(({ kind }) => kind === 'unreadable')
    if (unreadable !== undefined)
      return fail({ kind: 'output-not-copied', path: unreadable.path, dir, message: 'it cannot be read' })
    const made = listed.filter((one): one is Made => one.kind === 'file' || one.kind === 'link')
    cleanLeftovers(
      context.dataset,
      job.token,
      made.map(({ path }) => path),
    )
    const bytes = made.reduce((sum, one) => sum + (one.kind === 'file' ? Number(one.stamp.size) : 0), 0)
    if (bytes > 0) context.progress({ kind: 'bringing-back', files: made.length, bytes })
    const before = new Map(notes?.returned.map((one) => [one.path, one]))
    for (const one of made) {
      at = one.path
      const known = before.get(one.path)
      const here = await bringOne(context, job, dir, one, known)
      if (!here.ok) {
        remember(context, notes, returned)
        return here
      }
      // What was named at finish alone may hold older files: nobody looked before. They are not the job's to remove.
      if (one.isLog || declared.some((output) => covers(output, one.path))) returned.push(here.value)
    }
    at = dir
    if (notes !== null) writeNotes(context, { ...notes, returned })
    for (const one of listed) {
      if (one.kind === 'file' || one.kind === 'link') continue
      if (one.kind === 'missing' || one.kind === 'subdataset') continue
      const note = { kind: 'not-brought-back', path: one.path, dir, reason: one.kind } as const
      const status = one.kind === 'empty-directory' ? 'notneeded' : 'impossible'
      report({ action: 'copy', status, path: one.path, note })
    }
    if (made.length > 0) {
      const note = { kind: 'brought-back', files: made.length, bytes, dir } as const
      report({ action: 'copy', status: 'ok', path: '.', type: 'dataset', note })
    }
    return ok(null)
  } catch (error) {
    // The system's refusals have a code; what has none is a bug.
    if (!(error instanceof Error) || !('code' in error)) throw error
    remember(context, notes, returned)
    return fail({ kind: 'output-not-copied', path: at, dir, message: error.message })
  } finally {
    context.progress({ kind: 'done' })
  }
}

/** What has come or changed below the outputs, and the job's logs. */
function listMade(
  context: Context,
  ended: EndedJob,
  dir: string,
  before: readonly Noted[],
  foreign: ReadonlySet<string>,
): readonly (Listed & { readonly isLog: boolean })[] {
  const { job } = ended
  const trusted = job.user === context.user
  const logs = logFiles(job).flatMap(({ place }) => {
    if (place.kind === 'discarded') return []
    const inside = insideRoot(dir, place.kind === 'path' ? place.path : place.pattern)
    return inside === null ? [] : place.kind === 'path' ? escapePattern(inside) : inside
  })
  const own = [...listBelow(dir, logs, trusted)].filter(({ kind }) => kind !== 'missing')
  const ownPaths = new Set(own.map(({ path }) => path))
  const outputs = [...listBelow(dir, outputsOf(ended), trusted)].filter(
    ({ path }) => !ownPaths.has(path) && !foreign.has(path),
  )
  const known = new Map(before.map((one) => [one.path, one.stamp]))
  const all = [
    ...own.map((one) => ({ ...one, isLog: true })),
    ...outputs.map((one) => ({ ...one, isLog: false })),
  ]
  return all.filter((one) => !('stamp' in one) || !isSame(one.stamp, known.get(one.path)))
}

/** Also a change of mode counts: it may have become a program. */
function isSame(now: Stamp, then: Stamp | undefined): boolean {
  return then !== undefined && sameContent(now, then) && now.ctimeNs === then.ctimeNs
}

/** Puts one file or link in the place of whatever file or link is there; nothing where an earlier finish has done it. */
async function bringOne(
  context: Context,
  job: Job,
  dir: string,
  one: Made,
  known: Returned | undefined,
): Promise<Fallible<Returned, Note>> {
  const { dataset } = context
  const { path } = one
  const target = join(dataset.root, path)
  if (known !== undefined && isSame(one.stamp, known.source) && (await isStillHere(one, known, target)))
    return ok(known)
  const blocking = makeFolders(dataset.root, path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.')
  const inTheWay = blocking ?? (fileStatus(target)?.isDirectory() ? path : null)
  if (inTheWay !== null) return fail({ kind: 'output-in-the-way', path: inTheWay, dir })
  const temporary = temporaryPath(dataset, target, { token: job.token })
  try {
    if (one.kind === 'link') {
      symlinkSync(one.text, temporary)
      renameSync(temporary, target)
    } else {
      if ((await copyWhole(one.source, temporary)) === 'changed')
        return fail({ kind: 'changed-while-copied', path })
      const { mode, mtime } = statSync(one.source)
      putInPlace(temporary, target, { mode: mode | 0o400, mtime })
    }
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  return ok({
    path,
    stamp: stamp(join(dir, path)) ?? one.stamp,
    source: one.stamp,
    here: stamp(target) ?? one.stamp,
  })
}

/** Whether what an earlier finish brought is what lies here: as it was put, or as git-annex took it. */
async function isStillHere(one: Made, known: Returned, target: string): Promise<boolean> {
  if (fileStatus(target) === undefined) return false
  if (sameContent(stamp(target), known.here)) return true
  const isFile = statSync(target, { throwIfNoEntry: false })?.isFile() ?? false
  return one.kind === 'file' && isFile && sameBytes(one.source, target)
}

function isThere(path: string): boolean {
  try {
    return fileStatus(path) !== undefined
  } catch {
    // It may not be entered, or its server is gone.
    return false
  }
}

/** Notes what has come, so that the next finish need not bring it again; where that cannot be, it does. */
function remember(context: Context, notes: AltNotes | null, returned: readonly Returned[]): void {
  if (notes === null || returned.length === 0) return
  try {
    writeNotes(context, { ...notes, returned })
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
  }
}
