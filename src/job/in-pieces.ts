import type { JobId } from '../contract/ids.ts'
import type { Context, Job } from './context.ts'

/** So many jobs are in memory at a time where there may be very many. */
const atOnce = 1000

/**
 * Jobs by their numbers, some at a time: each walk over very many reads them anew, and holds no more than that. Few are read
 * once, here.
 */
export function inPieces(context: Context, ids: readonly JobId[]): Iterable<readonly Job[]> {
  if (ids.length <= atOnce) return [context.ledger.jobsOf(ids)]
  return {
    *[Symbol.iterator]() {
      for (let i = 0; i < ids.length; i += atOnce) yield context.ledger.jobsOf(ids.slice(i, i + atOnce))
    },
  }
}

/** The same, one job after the other. */
export function* oneByOne(pieces: Iterable<readonly Job[]>): Generator<Job> {
  for (const jobs of pieces) yield* jobs
}
