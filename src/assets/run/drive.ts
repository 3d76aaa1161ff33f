import { ok, type Fallible } from '../../contract/fallible.ts'
import { withAnnex } from '../../dataset/initialise-annex.ts'
import type { Context, Job } from '../../job/context.ts'
import { tryLease } from '../../job/lease.ts'
import type { Note } from '../../job/note.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import type { AssetView, Look } from '../look.ts'
import { makePlan, type PlanFailure, type Planned, type PlanRequest } from '../make-plan.ts'
import type { Plan } from '../plan.ts'
import { ownReason } from '../reason.ts'
import { awaitEnds } from './await-ends.ts'
import { newBook, pieceAt, type Book } from './book.ts'
import { concludeEnds, leaveOpen, noteOthers } from './conclude-ends.ts'
import { fitting } from './fitting.ts'
import type { Piece } from './request.ts'
import { keyOf, piecesOf } from './pieces-of-job.ts'
import { openAssetJobs, submitPieces } from './submit-pieces.ts'
import { turnOf, type Turn } from './turn.ts'
import { Wakes } from './wakes.ts'

/** The lease under which assets are made. */
const driveLease = 'materialize'

/** Ends are gathered for as long as so many turns take: then turns are the smaller part of the work. Seconds at most. */
const patienceOfTurns = 2
const longestPatience = 2

/** What is to be made, and how. */
export interface DriveRequest extends Omit<PlanRequest, 'dataset' | 'now'> {
  /** So many jobs at most are open at once; null: as many as there are. */
  readonly jobs: number | null
  /** Go on with what does not depend on what failed. */
  readonly keepGoing: boolean
}

/** What there is to say besides: what was not chosen and is stale, and sources that could not be asked. */
export type Driven = Pick<Look, 'failures'> & Pick<Plan, 'notes'>

/**
 * Makes what is stale, in order, and records it. Nothing is known here that is not in ledger and git: each turn plans anew,
 * and goes on with the jobs that an earlier run has left open. One run at a time: another waits for its end.
 */
export async function drive(
  context: Context,
  request: DriveRequest,
  report: (report: Report) => void,
): Promise<Fallible<Driven, PlanFailure | Note>> {
  for (;;) {
    const taken = await tryLease(context, driveLease, async () => takeTurns(context, request, report))
    if (taken.held) return taken.value
    context.progress({ kind: 'waiting-for-materialize', holder: taken.owner })
    await context.sleep(0.5)
  }
}

async function takeTurns(
  context: Context,
  request: DriveRequest,
  report: (report: Report) => void,
): Promise<Fallible<Driven, PlanFailure | Note>> {
  await reconcile(context, report)
  const run = context.newToken().slice(-10)
  const book = newBook()
  const wakes = new Wakes()
  let driven: Driven | null = null
  let all = 0
  let turnBegan = context.now()
  try {
    for (;;) {
      const planned = await plan(context, request, book, driven === null)
      if (!planned.ok) return planned
      const { look } = planned.value
      driven ??= { failures: look.failures, notes: planned.value.plan.notes }
      checkMade(look.views, book, report)
      const open = openAssetJobs(context, look.views).filter((job) => !isGivenUp(job, book))
      const turn = turnOf(planned.value, new Set(open.flatMap(piecesOf)), book)
      all = Math.max(
        all,
        open.length +
          book.made.size +
          book.failed.size +
          turn.ready.length +
          turn.waiting.length +
          turn.blocked.length,
      )
      const stopped = book.failed.size > 0 && !request.keepGoing
      const chosen = stopped ? [] : fitting(turn.ready, open, request.jobs)
      if (chosen.length > 0) {
        await submitPieces(context, request.definitions, look.views, chosen, run, book, report)
        // What could not be submitted changes what can be.
        if (chosen.some(({ view, index }) => book.failed.has(pieceAt(view, index)))) continue
      }
      const running = openAssetJobs(context, look.views).filter((job) => !isGivenUp(job, book))
      if (running.length === 0) {
        if (chosen.length > 0) continue
        tellNotRun(turn, report)
        return ok(driven)
      }
      tellProgress(context, turn, running, book, all)
      const patience = Math.min(longestPatience, patienceOfTurns * (context.now() - turnBegan))
      const { ended, lost } = await awaitEnds(context, running, wakes, patience, report)
      turnBegan = context.now()
      context.progress({ kind: 'done' })
      noteOthers(context, running, run, book, report)
      for (const job of lost) leaveOpen(job, book, report)
      if (ended.length === 0) continue
      // A fresh clone may have got its git-annex while jobs were scheduled.
      const annexed = await withAnnex(context.dataset)
      if (!annexed.ok) return annexed
      const annexedContext = { ...context, dataset: annexed.value }
      await concludeEnds(annexedContext, ended, look.views, run, book, report)
    }
  } finally {
    wakes.close()
  }
}

/** Plans anew. What is to be made although it is fresh is found out once, and made once. */
async function plan(
  context: Context,
  request: DriveRequest,
  book: Book,
  isFirst: boolean,
): Promise<Fallible<Planned, PlanFailure | Note>> {
  const { dataset } = context
  const force = request.force && isFirst
  const planned = await makePlan({ ...request, dataset, now: context.now(), force })
  if (!planned.ok || !force) return planned
  for (const { name, stale } of planned.value.plan.assets) {
    const view = planned.value.look.views.get(name)
    if (view === undefined) continue
    for (const { from, to } of stale.flatMap(({ ranges }) => ranges))
      for (let index = from; index <= to; index++) book.forced.add(pieceAt(view, index))
  }
  return planned
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
      const key = asset.partitions === null ? null : space.at(index).text
      const note = { kind: 'asset-incomplete', asset: asset.name, key } as const
      report({ action: 'materialize', status: 'error', path: '', note, facts: { asset: asset.name } })
    }
  }
}

function isGivenUp(job: Job, book: Book): boolean {
  return piecesOf(job).every((id) => book.failed.has(id))
}

/** Says of each asset how much of it was not run, and why. */
function tellNotRun({ ready, waiting, blocked }: Turn, report: (report: Report) => void): void {
  const left = [
    ...blocked,
    ...[...ready, ...waiting].map((piece) => ({ piece, upstream: [] as readonly string[] })),
  ]
  const byAsset = Map.groupBy(left, ({ piece }) => piece.view.asset.name)
  for (const [asset, pieces] of byAsset) {
    const upstream = [...new Set(pieces.flatMap((one) => one.upstream))]
    const note = { kind: 'asset-not-run', asset, keys: pieces.length, upstream } as const
    report({ action: 'materialize', status: 'impossible', path: '', note, facts: { asset } })
  }
}

function tellProgress(
  context: Context,
  { ready, waiting }: Turn,
  running: readonly Job[],
  book: Book,
  all: number,
): void {
  const runs = Map.groupBy(running, ({ spec }) => spec.asset?.name ?? '')
  const named = [...runs].map(([name, jobs]) => {
    const [first, last] = [jobs[0], jobs.at(-1)].map((job) => (job === undefined ? null : keyOf(job)))
    return first == null || last == null ? name : `${name} (${first === last ? first : `${first}..${last}`})`
  })
  const active = new Set(runs.keys())
  const later = new Set([...ready, ...waiting].map(({ view }: Piece) => view.asset.name))
  context.progress({
    kind: 'materializing',
    done: book.made.size,
    all,
    running: named,
    waiting: [...later].filter((name) => !active.has(name)),
  })
}
