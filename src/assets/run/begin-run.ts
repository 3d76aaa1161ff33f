import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { runName, type RunId } from '../../contract/ids.ts'
import type { Context } from '../../job/context.ts'
import { checkLease } from '../../job/lease.ts'
import type { Note } from '../../job/note.ts'
import type { Report } from '../../job/report.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { newBook, type Book } from './book.ts'
import type { DriveStart } from './drive.ts'
import { bookOf } from './piece-ends.ts'
import { brokenOff, findRun, makesSame, unfinishedDetach, type Run, type RunRequest } from './runs.ts'
import { aboutRun } from './tell-run.ts'

/** A run that is driven from now on, with what it remembers; null: it begins when there is something to make. */
export interface OpenedRun {
  readonly run: Run | null
  readonly request: RunRequest
  readonly book: Book
  /** A run that was over is over again: nothing could be begun. */
  readonly undo: () => void
}

/**
 * Takes up a run that has begun. One that was broken off goes on; one that is over begins anew, and its failures are tried
 * again. What is asked for now and was broken off before is one run, which counts its attempts anew: things may have been
 * mended. Call under the lease.
 */
export function openRun(
  context: Context,
  definitions: Definitions,
  start: DriveStart,
): Fallible<OpenedRun, Note> {
  const unfinished = unfinishedDetach(context)
  const meant =
    start.kind === 'new'
      ? makesSame(unfinished?.request ?? null, start.request)
      : start.run === unfinished?.id
  if (unfinished !== null && !meant) return fail({ kind: 'detach-unfinished', run: runName(unfinished.id) })
  const asked = start.kind === 'new' ? start.request : null
  const found = start.kind === 'new' ? brokenOff(context, start.request) : findRun(context, start.run)
  if (found === null) {
    return start.kind === 'new'
      ? ok({ run: null, request: start.request, book: newBook(context.now()), undo: () => {} })
      : fail({ kind: 'no-such-run', run: runName(start.run) })
  }
  if (found.worktree !== context.dataset.root)
    return fail({ kind: 'run-elsewhere', run: runName(found.id), worktree: found.worktree })
  const anew = asked !== null || found.state !== 'running'
  // What is in Slurm's hands is seen to its end like any other run.
  const stands = found.progress?.released === true
  const request = { ...(asked ?? found.request), ...(stands ? { detach: false } : {}) }
  context.ledger.transaction(() => {
    if (anew) context.ledger.dropReports(found.id)
    context.ledger.changeRun(found.id, {
      driver: context.self,
      state: 'running',
      ended: null,
      request,
      ...(anew ? { since: context.now() } : {}),
    })
  })
  const run = findRun(context, found.id) ?? found
  const undo = (): void => {
    if (found.state === 'running') return
    const { state, ended, driver, since, request: before } = found
    context.ledger.changeRun(found.id, { state, ended, driver, since, request: before })
  }
  return ok({ run, request, book: bookOf(context, run, definitions), undo })
}

/** Notes a run that begins, now that there is something to make. */
export function beginRun(
  context: Context,
  request: RunRequest,
  pieces: number,
  onRun: (run: RunId) => void,
  report: (report: Report) => void,
): Run {
  checkLease(context)
  const id = context.ledger.beginRun({
    token: context.newToken().slice(-10),
    worktree: context.dataset.root,
    user: context.user,
    request,
    driver: context.self,
    began: context.now(),
  })
  const run = findRun(context, id)
  if (run === null) throw new Error(`run ${id} vanished from the ledger`)
  onRun(id)
  report(aboutRun('ok', run, { kind: 'run-begins', run: runName(id), pieces }))
  return run
}
