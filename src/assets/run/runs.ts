import { runName, type RunId } from '../../contract/ids.ts'
import type { Context } from '../../job/context.ts'
import { isHeld } from '../../job/lease.ts'
import { isOpen } from '../../job/select.ts'
import type { RunRow } from '../../ledger/runs.ts'
import type { Overrides } from '../definitions/definitions.ts'
import { readRunSettings, type RunSettings } from '../definitions/run-settings.ts'
import { countPieces } from './piece-ends.ts'

/** What a run is to make, and how. */
export interface RunRequest {
  /** In the language of selections; empty: everything. */
  readonly selection: string
  /** Keys of partitioned assets; null: all. */
  readonly keys: string | null
  /** The site at which all runs; null: their own. */
  readonly site: string | null
  /** Make what is fresh, too. */
  readonly force: boolean
  /** So many jobs at most are open at once; null: as many as there are. */
  readonly jobs: number | null
  /** Go on with what does not depend on what failed. */
  readonly keepGoing: boolean
  /** The whole graph is handed to Slurm, and nobody waits. */
  readonly detach?: boolean
  /** What is said for all its jobs; absent: nothing. */
  readonly set?: RunSettings
}

/** The level of settings that a run is; what was noted was proved before. */
export function overridesOf({ set = {} }: RunRequest): Partial<Overrides> {
  const read = readRunSettings(set)
  return read.ok ? read.value : {}
}

/** How far a run is: pieces, names of what runs, and of what waits with what for. */
export interface RunProgress {
  readonly all: number
  readonly made: number
  readonly failed: number
  readonly running: readonly string[]
  readonly waiting: readonly string[]
  /** Of a graph that was handed to Slurm: it stands, and runs. */
  readonly released?: boolean
}

/** A run as this room knows it. */
export type Run = Omit<RunRow, 'request' | 'progress'> & {
  readonly request: RunRequest
  readonly progress: RunProgress | null
}

/** A run as people are told of it. `interrupted`: it has not come to its end, and nobody drives it; `detached`: Slurm does. */
export type ShownState = RunRow['state'] | 'interrupted' | 'detached'

/** The lease under which assets of a worktree are made. */
export function driveLease({ dataset }: Context): string {
  return `materialize ${dataset.root}`
}

/** A run by its number, or null. */
export function findRun(context: Context, id: RunId): Run | null {
  return context.ledger.run(id) as Run | null
}

/** Whether somebody drives a run just now. */
export function isDriven(context: Context, { state, driver, worktree }: Run): boolean {
  return state === 'running' && isHeld(context, `materialize ${worktree}`, driver)
}

/** The run of this worktree that somebody drives, or null. */
export function drivenRun(context: Context): Run | null {
  return unendedRuns(context).find((run) => isDriven(context, run)) ?? null
}

/** The run that was broken off and was to make the same, or null: the same command goes on with it. */
export function brokenOff(context: Context, request: RunRequest): Run | null {
  if (request.force) return null
  const same = unendedRuns(context).find(
    (run) => run.progress?.released !== true && run.user === context.user && makesSame(run.request, request),
  )
  return same ?? null
}

/** The run whose graph was being handed to Slurm when that was broken off, and whose jobs are held; or null. */
export function unfinishedDetach(context: Context): Run | null {
  const unfinished = unendedRuns(context).find(
    ({ request, progress, token }) =>
      request.detach === true && progress?.released !== true && context.ledger.jobsOfRun(token).some(isOpen),
  )
  return unfinished ?? null
}

/** Those of this worktree that have not come to their end, newest first: one of them may be old, and taken up again. */
function unendedRuns(context: Context): readonly Run[] {
  return context.ledger.unendedRuns(context.dataset.root) as readonly Run[]
}

/** Whether one request makes what another does, however it goes about it. */
export function makesSame(a: RunRequest | null, b: RunRequest): boolean {
  if (a === null) return false
  return (
    a.selection === b.selection &&
    a.keys === b.keys &&
    a.site === b.site &&
    a.force === b.force &&
    a.detach === b.detach &&
    JSON.stringify(a.set ?? {}) === JSON.stringify(b.set ?? {})
  )
}

/** A run as `waybill runs` lists it. Times are seconds since 1970. */
export interface ListedRun {
  readonly run: string
  readonly state: ShownState
  readonly user: string
  readonly worktree: string
  readonly began: number
  readonly ended: number | null
  /** Who drives it, or did last. */
  readonly driver: { readonly host: string; readonly pid: number }
  readonly request: RunRequest
  /** Pieces: keys of assets, and assets without keys. */
  readonly pieces: number
  readonly made: number
  readonly failed: number
  readonly running: number
  readonly notRun: number
}

/** The newest runs of the repository, newest first. */
export function listRuns(context: Context, most: number): readonly ListedRun[] {
  return context.ledger.runs(most).map((row) => describe(context, row as Run))
}

function describe(context: Context, run: Run): ListedRun {
  const { id, user, worktree, began, ended, driver, request, progress } = run
  // What has become of its jobs since nobody drives it, they alone tell.
  const counts =
    ended !== null && progress !== null
      ? { made: progress.made, failed: progress.failed, running: 0 }
      : countPieces(context.ledger.jobsOfRun(run.token))
  const state = stateOf(context, run, counts)
  const pieces = Math.max(progress?.all ?? 0, counts.made + counts.failed + counts.running)
  return {
    run: runName(id),
    state,
    user,
    worktree,
    began,
    ended,
    driver: { host: driver.host, pid: driver.pid },
    request,
    pieces,
    ...counts,
    notRun: pieces - counts.made - counts.failed - counts.running,
  }
}

/** Of what is in Slurm's hands its jobs tell how it is. */
function stateOf(
  context: Context,
  run: Run,
  { made, failed, running }: { readonly made: number; readonly failed: number; readonly running: number },
): ShownState {
  if (run.state !== 'running' || isDriven(context, run)) return run.state
  const { progress } = run
  if (progress?.released !== true) return 'interrupted'
  if (running > 0) return 'detached'
  return failed === 0 && made >= progress.all ? 'done' : 'failed'
}
