import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { runName, type RunId } from '../../contract/ids.ts'
import { withHeldObjects } from '../../dataset/held-objects.ts'
import { withAnnex } from '../../dataset/initialise-annex.ts'
import type { Context, Job } from '../../job/context.ts'
import { checkLease, tryLease } from '../../job/lease.ts'
import type { Note } from '../../job/note.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import { isOpen } from '../../job/select.ts'
import type { AssetView, Look } from '../look.ts'
import { makePlan, type PlanFailure, type Planned, type PlanRequest } from '../make-plan.ts'
import type { Plan } from '../plan.ts'
import { ownReason } from '../reason.ts'
import { lackingHere } from './weights.ts'
import { awaitEnds } from './await-ends.ts'
import { pieceAt, type Book, type PieceId } from './book.ts'
import { beginRun, openRun } from './begin-run.ts'
import { cancelLeft } from './cancel-left.ts'
import { detach } from './detach.ts'
import { concludeEnds, leaveOpen, noteOthers } from './conclude-ends.ts'
import { atOnceOf, fitting } from './fitting.ts'
import { runLog, type Part, type RunLog } from './run-log.ts'
import { driveLease, findRun, makesSame, type Run, type RunRequest } from './runs.ts'
import { openAssetJobs, pieceFacts, piecesOf } from './pieces-of-job.ts'
import { submitPieces } from './submit-pieces.ts'
import { aboutRun, progressOf, showProgress, tellFailedBefore, tellNotRun } from './tell-run.ts'
import { tellSaid } from './tell-said.ts'
import { turnOf } from './turn.ts'
import { Wakes } from './wakes.ts'
import { watchRun } from './watch-run.ts'

/** Ends are gathered for as long as so many turns take: then turns are the smaller part of the work. Seconds at most. */
const patienceOfTurns = 2
const longestPatience = 2

/** By what a run is driven. */
export type DriveSetting = Pick<PlanRequest, 'definitions' | 'env'> & {
  /** Told which run is driven or watched, as soon as there is one. */
  readonly onRun: (run: RunId) => void
}

/** Which run is to be driven: one that is asked for now, or one that has begun. */
export type DriveStart =
  { readonly kind: 'new'; readonly request: RunRequest } | { readonly kind: 'attach'; readonly run: RunId }

/** What there is to say besides: what was not chosen and is stale, and sources that could not be asked. */
export type Driven = Pick<Look, 'failures'> & Pick<Plan, 'notes'>

const nothingBesides: Driven = { failures: [], notes: [] }

/**
 * Makes what is stale, in order, and records it. Nothing is known here that is not in ledger and git: each turn plans anew,
 * and goes on with the jobs that an earlier run has left open. One process drives a worktree's runs at a time: another
 * watches until its run is over, and takes it up where that one dies. Who has slept for so long that another drives now
 * watches as well.
 */
export async function drive(
  context: Context,
  setting: DriveSetting,
  start: DriveStart,
  report: (report: Report) => void,
): Promise<Fallible<Driven, PlanFailure | Note>> {
  const part: Part = { driven: null, told: 0 }
  const isOurs = (run: Run): boolean =>
    run.id === part.driven ||
    (start.kind === 'new' ? makesSame(run.request, start.request) : run.id === start.run)
  const onRun = (run: RunId): void => {
    part.driven = run
    setting.onRun(run)
  }
  const lease = driveLease(context)
  for (let next = start; ;) {
    // Each turn asks about objects of git again and again.
    const taken = await tryLease(context, lease, async () =>
      withHeldObjects(context.dataset, async (dataset) =>
        takeTurns({ ...context, dataset, lease }, { ...setting, onRun }, next, part, report),
      ),
    )
    if (taken.held) return taken.value
    if (part.driven !== null) {
      next = { kind: 'attach', run: part.driven }
      const note = { kind: 'run-taken-over', run: runName(part.driven) } as const
      report(aboutRun('ok', { id: part.driven }, note))
    }
    const watched = await watchRun(context, isOurs, part, setting.onRun, taken.owner, report)
    part.driven = null
    if (watched === null) continue
    const isHandedOver = watched.state === 'running' && watched.progress?.released === true
    if (isHandedOver && start.kind === 'new' && start.request.detach === true) {
      const jobs = context.ledger.jobsOfRun(watched.token).filter(isOpen).length
      report(aboutRun('ok', watched, { kind: 'detached', run: runName(watched.id), jobs }))
      return ok(nothingBesides)
    }
    // Its driver is gone.
    if (watched.state === 'running') next = { kind: 'attach', run: watched.id }
    else if (watched.state === 'cancelled') {
      report(aboutRun('impossible', watched, { kind: 'run-cancelled', run: runName(watched.id) }))
      return ok(nothingBesides)
    }
    // What was made well is planned anew: something may have been edited since.
    else if (watched.state !== 'done' || start.kind === 'attach') return ok(nothingBesides)
    else next = { ...start, request: { ...start.request, force: false } }
  }
}

async function takeTurns(
  context: Context,
  setting: DriveSetting,
  start: DriveStart,
  part: Part,
  tell: (report: Report) => void,
): Promise<Fallible<Driven, PlanFailure | Note>> {
  await reconcile(context, tell)
  const opened = openRun(context, setting.definitions, start)
  if (!opened.ok) return opened
  const { request, book } = opened.value
  if (request.detach === true) return detach(context, setting, opened.value, tell)
  let { run } = opened.value
  const log = runLog(context, () => run?.id ?? null, part, tell)
  const { report } = log
  if (run !== null) setting.onRun(run.id)
  const isCancelled = (): boolean => run !== null && findRun(context, run.id)?.state === 'cancelled'
  // Said once: then the jobs that it has left are waited for, as ever.
  let told = false
  const asked = (): boolean => !told && (told = isCancelled())
  const wakes = new Wakes(context)
  const listen = tellSaid(context, () => run?.token ?? null, tell)
  let driven: Driven | null = null
  let all = 0
  let turnBegan = context.now()
  let described: Promise<unknown> = Promise.resolve()
  try {
    for (;;) {
      const isFirst = driven === null
      const planned = await plan(context, setting, request, book, run, isFirst)
      if (!planned.ok) {
        if (isFirst) opened.value.undo()
        return planned
      }
      checkLease(context)
      const { look } = planned.value
      driven ??= { failures: look.failures, notes: planned.value.plan.notes }
      checkMade(look.views, book, report)
      const open = openAssetJobs(context, look.views).filter((job) => !isGivenUp(job, book))
      const making = new Set(open.flatMap(piecesOf))
      const turn = turnOf(planned.value, making, book)
      const left = turn.ready.length + turn.waiting.length + turn.blocked.length
      if (run === null && left + making.size === 0) return ok(driven)
      const tooLarge = isFirst ? lackingHere(context, [...turn.ready, ...turn.waiting]) : null
      if (tooLarge !== null) {
        opened.value.undo()
        return fail(tooLarge)
      }
      const goesOn = isFirst && run !== null && (left + making.size > 0 || start.kind === 'attach')
      run ??= beginRun(context, request, left + making.size, setting.onRun, report)
      if (goesOn) report(aboutRun('ok', run, { kind: 'run-goes-on', run: runName(run.id) }))
      if (isFirst) tellFailedBefore(book, report)
      const { made, failed } = progressOf(turn, [], book, 0)
      all = Math.max(all, making.size + made + failed + left)
      const cancelled = isCancelled()
      if (cancelled) await cancelLeft(context, run, report)
      const stopped = cancelled || (book.failed.size > 0 && !request.keepGoing)
      const room = request.jobs === null ? Infinity : request.jobs - atOnceOf(open)
      const chosen = stopped ? [] : fitting(turn.ready, open, room)
      if (chosen.length > 0) {
        const submitted = await submitPieces(
          context,
          setting.definitions,
          look.views,
          { chosen, room },
          run.token,
          book,
          report,
        )
        described = Promise.all([described, submitted.described])
        described.catch(() => {})
        // What could not be submitted changes what can be.
        if (chosen.some(({ view, index }) => book.failed.has(pieceAt(view, index)))) continue
      }
      const waited = openAssetJobs(context, look.views).filter((job) => !isGivenUp(job, book))
      if (waited.length === 0) {
        if (chosen.length > 0) continue
        // Whoever watches says it for itself, since no driver may be there to say it.
        if (isCancelled()) tell(aboutRun('impossible', run, { kind: 'run-cancelled', run: runName(run.id) }))
        else tellNotRun(turn, report)
        // What came out the same has saved the rest.
        log.progress(progressOf(turn, [], book, made + failed + left))
        endRun(context, run, turn.unsound || book.failed.size + left > 0, log)
        return ok(driven)
      }
      const progress = progressOf(turn, waited, book, all)
      showProgress(context, progress)
      log.progress(progress)
      log.flush()
      const said = (): void => {
        listen()
        showProgress(context, progress)
      }
      const patience = Math.min(longestPatience, patienceOfTurns * (context.now() - turnBegan))
      const { ended, lost } = await awaitEnds(context, waited, wakes, patience, { asked, said }, report)
      checkLease(context)
      turnBegan = context.now()
      context.progress({ kind: 'done' })
      // The end was read just now.
      listen()
      noteOthers(context, waited, book, report)
      for (const job of lost) leaveOpen(job, book, report)
      if (ended.length === 0) continue
      // A fresh clone may have got its git-annex while jobs were scheduled.
      const annexed = await withAnnex(context.dataset)
      if (!annexed.ok) return annexed
      const annexedContext = { ...context, dataset: annexed.value }
      await concludeEnds(annexedContext, ended, look.views, book, report)
    }
  } finally {
    wakes.close()
    await described
  }
}

/** Plans anew. What is to be made although it is fresh is found out once, and made once in a run. */
async function plan(
  context: Context,
  { definitions, env }: DriveSetting,
  request: RunRequest,
  book: Book,
  run: Run | null,
  isFirst: boolean,
): Promise<Fallible<Planned, PlanFailure | Note>> {
  const { selection, keys, site } = request
  const { dataset } = context
  const planOnce = async (force: boolean): ReturnType<typeof makePlan> =>
    makePlan({ dataset, definitions, env, selection, keys, site, now: context.now(), force })
  if (!request.force || !isFirst) return planOnce(false)
  const planned = await planOnce(true)
  if (!planned.ok) return planned
  const isMade = (id: PieceId): boolean => (book.before.get(id) ?? 0) >= (run?.began ?? Infinity)
  for (const { name, stale } of planned.value.plan.assets) {
    const view = planned.value.look.views.get(name)
    if (view === undefined) continue
    for (const { from, to } of stale.flatMap(({ ranges }) => ranges))
      for (let index = from; index <= to; index++) {
        const id = pieceAt(view, index)
        if (!isMade(id)) book.forced.add(id)
      }
  }
  // This plan would make once more what the run has made before.
  return book.before.size === 0 ? planned : planOnce(false)
}

/** What was said last stands there before anybody can see that the run is over. One that was cancelled stays so. */
function endRun(context: Context, run: Run, failed: boolean, log: RunLog): void {
  context.ledger.transaction(() => {
    checkLease(context)
    log.flush()
    const ended = context.now()
    context.ledger.changeRun(run.id, { ended })
    context.ledger.changeRun(run.id, { state: failed ? 'failed' : 'done' }, ['running'])
  })
}

/** What this run recorded and lacks its outputs has failed: its payload said that all was well. */
function checkMade(
  views: ReadonlyMap<string, AssetView>,
  book: Book,
  report: (report: Report) => void,
): void {
  if (book.made.size === 0) return
  for (const view of views.values()) {
    for (let index = 0; index < view.space.count; index++) {
      const id = pieceAt(view, index)
      if (!book.made.has(id) || book.failed.has(id)) continue
      const reason = ownReason(view, index)
      if (reason?.kind !== 'outputs-changed' && reason?.kind !== 'outputs-missing') continue
      book.failed.add(id)
      const { asset, space } = view
      const keys = asset.partitions === null ? null : [space.at(index).text]
      const note = { kind: 'asset-incomplete', asset: asset.name, keys } as const
      report({ action: 'materialize', status: 'error', path: '', note, facts: pieceFacts(asset.name, keys) })
    }
  }
}

function isGivenUp(job: Job, book: Book): boolean {
  return piecesOf(job).every((id) => book.failed.has(id))
}
