import type { Context, Job } from '../../job/context.ts'
import { isOpen } from '../../job/select.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { newBook, type Book, type PieceId } from './book.ts'
import { piecesOf } from './pieces-of-job.ts'
import { mayRetry } from './retry.ts'
import type { Run } from './runs.ts'

/** How many pieces the jobs of a run have made, have failed to make, and are at. */
export function countPieces(jobs: readonly Job[]): {
  readonly made: number
  readonly failed: number
  readonly running: number
} {
  const newest = new Map<PieceId, 'made' | 'failed' | 'running'>()
  for (const job of jobs.filter(wasSubmitted)) {
    const end = isOpen(job) ? 'running' : job.state === 'recorded' ? 'made' : 'failed'
    for (const id of piecesOf(job)) newest.set(id, end)
  }
  const count = (end: string): number => [...newest.values()].filter((one) => one === end).length
  return { made: count('made'), failed: count('failed'), running: count('running') }
}

/**
 * What a run that somebody else began remembers, by its jobs alone: how often each piece was tried since it (last) began, what
 * has failed for good, and what it made.
 */
export function bookOf(context: Context, run: Run, { assets }: Definitions): Book {
  const book = newBook(context.now())
  for (const job of context.ledger.jobsOfRun(run.token).filter(wasSubmitted)) {
    const counts = job.createdAt >= run.since
    const retry = assets.get(job.spec.asset?.name ?? '')?.retry
    const states = [...new Set(job.observed?.groups.map(({ state }) => state))]
    for (const id of piecesOf(job)) {
      const attempts = (book.attempts.get(id) ?? 0) + (counts ? 1 : 0)
      if (counts) book.attempts.set(id, attempts)
      const isFailed = counts && job.state === 'closed'
      if (isFailed && (retry === undefined || !mayRetry(retry, attempts, states))) book.failed.add(id)
      else book.failed.delete(id)
      if (job.state === 'recorded') book.before.set(id, job.createdAt)
    }
  }
  return book
}

/** One that was refused, or never got to its scheduler, was no attempt. */
function wasSubmitted({ state }: Job): boolean {
  return state !== 'refused'
}
