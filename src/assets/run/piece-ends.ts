import type { Context, Job } from '../../job/context.ts'
import { isOpen } from '../../job/select.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { newBook, type Book, type PieceId } from './book.ts'
import { jobPieces } from './pieces-of-job.ts'
import { mayRetry, statesByTask } from './retry.ts'
import type { Run } from './runs.ts'

/** How many pieces the jobs of a run have made, have failed to make, and are at. */
export function countPieces(jobs: readonly Job[]): {
  readonly made: number
  readonly failed: number
  readonly running: number
} {
  const newest = new Map<PieceId, 'made' | 'failed' | 'running'>()
  for (const job of jobs.filter(wasSubmitted)) {
    const end = isOpen(job) ? 'running' : 'failed'
    for (const { id, recorded } of jobPieces(job)) newest.set(id, recorded ? 'made' : end)
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
    const statesOf = statesByTask(job)
    for (const { id, task, recorded } of jobPieces(job)) {
      const attempts = (book.attempts.get(id) ?? 0) + (counts ? 1 : 0)
      if (counts) book.attempts.set(id, attempts)
      const isFailed = counts && !recorded && !isOpen(job)
      if (isFailed && (retry === undefined || !mayRetry(retry, attempts, statesOf(task)))) book.failed.add(id)
      else book.failed.delete(id)
      if (recorded) book.before.set(id, job.createdAt)
    }
  }
  return book
}

/** One that was refused, or never got to its scheduler, was no attempt. */
function wasSubmitted({ state }: Job): boolean {
  return state !== 'refused'
}
