import { runName } from '../../contract/ids.ts'
import { listMarkers } from '../../launcher/markers.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import type { Note } from '../note.ts'
import { calledName } from '../select.ts'

/** A job that Slurm holds since nobody let its graph go; null: it is none. */
export function stillHeld(context: Context, job: Job, evidence: Evidence | null): Note | null {
  const { inGraph, asset } = job.spec
  const isHeld = evidence?.groups.some(({ reason }) => reason === 'JobHeldUser') ?? false
  if (inGraph?.held !== true || !isHeld) return null
  const run = asset === undefined ? null : context.ledger.runOf(asset.run)
  // Of one that was let go there is progress to tell: a person holds it.
  return run?.progress !== null ? null : { kind: 'detach-unfinished', run: runName(run.id) }
}

/** A job of a graph that Slurm gave up since what it waited for has failed; null: it is none. */
export function neverRun(context: Context, job: Job, evidence: Evidence | null): Note | null {
  const { inGraph, asset } = job.spec
  const isGivenUp = evidence?.groups.every(({ state }) => state === 'CANCELLED') ?? false
  if (inGraph === undefined || inGraph.behind.length === 0 || asset === undefined || !isGivenUp) return null
  if (listMarkers(payloadFolder(context, job.token)).length > 0) return null
  const upstream = inGraph.behind.flatMap((id) => context.ledger.job(id) ?? [])
  // Of one that ended well, and that a blocking check has failed, the reason says so.
  const failed = upstream.filter(
    ({ state, observed }) =>
      state === 'closed' ||
      observed?.groups.some((one) => one.state !== 'COMPLETED' || one.reason === 'FAILED'),
  )
  if (failed.length === 0) return null
  const names = new Set(failed.flatMap(({ spec }) => spec.asset?.name ?? []))
  return { kind: 'never-run', job: calledName(job), asset: asset.name, upstream: [...names] }
}
