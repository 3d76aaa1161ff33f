import { ok, type Fallible } from '../../contract/fallible.ts'
import { runName } from '../../contract/ids.ts'
import type { Context, Job } from '../../job/context.ts'
import { referencesTo } from '../../job/members/members.ts'
import type { Note } from '../../job/note.ts'
import { observe } from '../../job/observe.ts'
import { reconcile } from '../../job/reconcile.ts'
import type { Report } from '../../job/report.ts'
import { scheduleBatch } from '../../job/schedule/batch.ts'
import { isOpen } from '../../job/select.ts'
import { makePlan, type PlanFailure } from '../make-plan.ts'
import { beginRun, type OpenedRun } from './begin-run.ts'
import { pieceAt } from './book.ts'
import { cancelLeft } from './cancel-left.ts'
import { whyNotDetached } from './detach-refusals.ts'
import type { Driven, DriveSetting } from './drive.ts'
import { graphPlace, placesOf, unitsOf, waitsFor, type Unit, type Wait } from './graph-units.ts'
import { groupPieces } from './group-pieces.ts'
import { openAssetJobs } from './pieces-of-job.ts'
import { settingsOfPieces, type Piece } from './piece-settings.ts'
import { requestFor } from './request.ts'
import { findRun, type Run } from './runs.ts'
import { asGroup, largestArray } from './submit-pieces.ts'
import { aboutRun } from './tell-run.ts'

/**
 * Hands all that is stale to Slurm as jobs that wait for each other, and lets them go when all are there. What a killed process
 * has left is completed: jobs that it submitted are part of the graph. Until it stands, nothing of it runs.
 */
export async function detach(
  context: Context,
  { definitions, env, onRun }: DriveSetting,
  { request, run: begun }: OpenedRun,
  report: (report: Report) => void,
): Promise<Fallible<Driven, PlanFailure | Note>> {
  const { dataset } = context
  const { selection, keys, site, force } = request
  if (begun !== null) {
    onRun(begun.id)
    await settle(context, begun, report)
  }
  const planned = await makePlan({
    dataset,
    definitions,
    env,
    selection,
    keys,
    site,
    force,
    now: context.now(),
  })
  if (!planned.ok) return planned
  const { look, plan } = planned.value
  const { views } = look
  const driven = { failures: look.failures, notes: plan.notes }
  const open = openAssetJobs(context, views)
  const own = open.filter((job) => begun !== null && job.spec.asset?.run === begun.token)
  // Of a submission whose end nobody knows yet nothing can be said to what waits for it.
  if (begun !== null && own.some(({ schedulerId }) => schedulerId === null)) {
    report(aboutRun('impossible', begun, { kind: 'detach-incomplete', run: runName(begun.id) }))
    return ok(driven)
  }
  const submitted = placesOf(unitsOf(own, []))
  const pieces = plan.assets.flatMap(({ name, stale }): readonly Piece[] => {
    const view = views.get(name)
    if (view === undefined) return []
    const places = stale.flatMap(({ ranges }) => ranges).flatMap(({ from, to }) => range(from, to))
    return places
      .filter((index) => !submitted.has(pieceAt(view, index)))
      .map((index) => ({ view, index, attempt: 0 }))
  })
  if (begun === null && pieces.length === 0) return ok(driven)
  const settingsFor = settingsOfPieces()
  const groups = groupPieces(pieces, settingsFor, await largestArray(context, pieces))
  const units = unitsOf(own, groups)
  const places = placesOf(units)
  const waits = new Map<Unit, readonly Wait[] | null>()
  for (const unit of units) {
    const { group } = unit
    if (group === null) continue
    const each = group[0].view.asset.needs.map((name) => {
      const other = views.get(name)
      return other === undefined ? [] : waitsFor(group, other, places)
    })
    waits.set(unit, each.some((one) => one === null) ? null : each.flatMap((one) => one ?? []))
  }
  const others = open.filter((job) => !own.includes(job))
  const refusals = await whyNotDetached(context, { groups, others, waits, settingsFor })
  for (const note of refusals) report({ action: 'materialize', status: 'impossible', path: '', note })
  if (refusals.length > 0) return ok(driven)
  const run = begun ?? beginRun(context, request, pieces.length, onRun, report)
  for (;;) {
    const ready = units.filter(
      (unit) => unit.job === null && (waits.get(unit) ?? []).every(({ unit: { job } }) => job !== null),
    )
    if (ready.length === 0) break
    const readyGroups = ready.flatMap(({ group }) => (group === null ? [] : [group]))
    const lines = ready.flatMap((unit, line) => {
      const { group } = unit
      if (group === null) return []
      const place = graphPlace(group, views, places, waits.get(unit) ?? [])
      const settings = settingsFor(group[0])
      const { objectFormat } = dataset
      const wanted = requestFor(definitions, objectFormat, views, group, settings, run.token, {
        graph: place,
      })
      return [{ line, wanted }]
    })
    const { described } = await scheduleBatch(
      { ...context, cwd: definitions.folder },
      lines,
      (one) => report(asGroup(one, readyGroups)),
      () => {},
      () => {},
    )
    await described
    noteJobs(context, run, ready)
    if (await isTakenBack(context, run, report)) return ok(driven)
    if (ready.some(({ job }) => job === null)) {
      report(aboutRun('impossible', run, { kind: 'detach-incomplete', run: runName(run.id) }))
      return ok(driven)
    }
  }
  await letGo(context, run, units, report)
  return ok(driven)
}

/** Waits until it is known what came of submissions that somebody died over, for as long as Slurm may take to tell. */
async function settle(context: Context, run: Run, report: (report: Report) => void): Promise<void> {
  const lost = (): boolean =>
    context.ledger.jobsOfRun(run.token).some((job) => isOpen(job) && job.schedulerId === null)
  if (!lost()) return
  const until = context.now() + 2 * (await context.schedulers.slurm.settleSeconds()) + 10
  while (lost() && context.now() < until) {
    context.progress({ kind: 'waiting-for-slurm', seconds: until - context.now() })
    await context.sleep(1)
    await reconcile(context, report)
  }
  context.progress({ kind: 'done' })
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** Finds the jobs that came of units; one that has no id at Slurm is none yet. */
function noteJobs(context: Context, run: Run, units: readonly Unit[]): void {
  const jobs = context.ledger.jobsOfRun(run.token)
  const made = placesOf(
    unitsOf(
      jobs.filter((job) => job.schedulerId !== null && job.state !== 'refused'),
      [],
    ),
  )
  for (const unit of units) unit.job = made.get(unit.ids[0] ?? '')?.unit.job ?? null
}

/** Whether a person has cancelled the run meanwhile. What that could not see, since it was just being submitted, ends as well. */
async function isTakenBack(context: Context, run: Run, report: (report: Report) => void): Promise<boolean> {
  if (findRun(context, run.id)?.state !== 'cancelled') return false
  await cancelLeft(context, run, report)
  context.ledger.changeRun(run.id, { ended: context.now() })
  report(aboutRun('impossible', run, { kind: 'run-cancelled', run: runName(run.id) }))
  return true
}

/** Lets the first jobs of a graph go that stands; those that run already are left alone. */
async function letGo(
  context: Context,
  run: Run,
  units: readonly Unit[],
  report: (report: Report) => void,
): Promise<void> {
  const jobs = units.flatMap(({ job }) => job ?? [])
  const held = jobs.filter(({ spec }) => spec.inGraph?.held === true)
  const seen = await observe(context, held, 'states')
  const waiting = seen.filter(({ verdict }) => verdict.kind === 'pending' || verdict.kind === 'unanswered')
  const references = waiting.flatMap(({ job }: { readonly job: Job }) => referencesTo(context, job))
  const outcome = await context.schedulers.slurm.release(references)
  if (outcome.kind === 'failed') {
    const words = outcome.message
    report(aboutRun('error', run, { kind: 'detach-not-released', run: runName(run.id), words }))
    return
  }
  const all = units.reduce((sum, { ids }) => sum + ids.length, 0)
  const progress = { all, made: 0, failed: 0, running: [], waiting: [], released: true }
  context.ledger.changeRun(run.id, { progress })
  report(aboutRun('ok', run, { kind: 'detached', run: runName(run.id), jobs: jobs.length }))
}
