import { jobName } from '../../contract/ids.ts'
import type { Context, Job } from '../../job/context.ts'
import { finish } from '../../job/finish/finish.ts'
import type { Note } from '../../job/note.ts'
import type { ObservedJob } from '../../job/observe.ts'
import type { Report } from '../../job/report.ts'
import { conclusionsOf } from '../../job/said.ts'
import { calledName, isOpen, jobFacts } from '../../job/select.ts'
import type { PipesException } from '../../pipes/event.ts'
import type { AssetView } from '../look.ts'
import type { Book } from './book.ts'
import { jobPieces, pieceFacts, type JobPiece } from './pieces-of-job.ts'
import { mayRetry, statesByTask } from './retry.ts'

/**
 * Finishes all that has ended in one pass: what ended well is recorded, the rest closed, and tried again or given up.
 */
export async function concludeEnds(
  context: Context,
  ended: readonly ObservedJob[],
  views: ReadonlyMap<string, AssetView>,
  book: Book,
  report: (report: Report) => void,
): Promise<void> {
  const jobs = ended.map(({ job }) => jobName(job.id))
  // The scheduler fell silent since it was looked at: it is asked again.
  const unanswered = new Set<unknown>()
  await finish(
    context,
    {
      jobs,
      message: null,
      assume: null,
      failedJobs: 'close',
      since: null,
      outputs: [],
      completedTasks: true,
      landing: 'branch',
    },
    (one) => {
      if (one.note?.kind === 'job-unanswered') unanswered.add(one.facts?.['job'])
      // What failed is told below, with what becomes of it.
      else if (one.note?.kind !== 'closed-failed' && one.note?.kind !== 'tasks-kept') report(one)
    },
    ended.filter(isSeenWell),
  )
  for (const { job: before } of ended) {
    const job = context.ledger.job(before.id)
    if (job === null) continue
    if (isOpen(job)) {
      if (!unanswered.has(jobName(job.id))) leaveOpen(job, book, report)
      continue
    }
    noteRecorded(job, book)
    fail(context, job, views, book, report)
  }
}

/**
 * Whether facts are all that is still to be asked about a job. What became of one that failed is told with what accounting
 * says; and where the queue has forgotten a job, accounting has told of its end, and of no more.
 */
function isSeenWell({ job, verdict, evidence }: ObservedJob): boolean {
  const isWell = verdict.kind === 'ended' && verdict.how === 'completed'
  return isWell && (job.scheduler === 'local' || evidence?.accounting === 'pending')
}

/** Takes in what others did with jobs that were waited for: they recorded them, or a person gave them up. */
export function noteOthers(
  context: Context,
  jobs: readonly Job[],
  book: Book,
  report: (report: Report) => void,
): void {
  for (const { id } of jobs) {
    const job = context.ledger.job(id)
    if (job === null || isOpen(job)) continue
    noteRecorded(job, book)
    const lost = jobPieces(job).filter(({ recorded }) => !recorded)
    if (lost.length === 0) continue
    for (const piece of lost) book.failed.add(piece.id)
    report(
      about('error', job, lost, { kind: 'asset-failed', states: job.state, exception: null, again: false }),
    )
  }
}

/** Gives up a job that cannot be recorded now: it stays open, and the run does not wait for it. */
export function leaveOpen(job: Job, book: Book, report: (report: Report) => void): void {
  const left = jobPieces(job).filter(({ recorded }) => !recorded)
  for (const { id } of left) book.failed.add(id)
  report(about('error', job, left, { kind: 'asset-left-open', job: calledName(job) }))
}

/** What another process submitted may be stale by now, and is made again then. */
function noteRecorded(job: Job, book: Book): void {
  for (const { id, recorded } of jobPieces(job)) {
    if (!recorded) continue
    if (book.own.has(job.id)) book.made.add(id)
    else {
      book.before.set(id, job.createdAt)
      book.forced.delete(id)
    }
  }
}

/** What has no record of a job that is over is tried again or given up, each key on its own. */
function fail(
  context: Context,
  job: Job,
  views: ReadonlyMap<string, AssetView>,
  book: Book,
  report: (report: Report) => void,
): void {
  const failed = jobPieces(job).filter(({ recorded }) => !recorded)
  if (failed.length === 0) return
  const retry = views.get(job.spec.asset?.name ?? '')?.asset.retry
  const statesOf = statesByTask(job)
  const isCancelled = cancelledBefore(context, job, book)
  const conclusions = conclusionsOf(context, job)
  const told = failed.map((piece) => {
    const states = statesOf(piece.task)
    const again =
      isCancelled || (retry !== undefined && mayRetry(retry, book.attempts.get(piece.id) ?? 1, states))
    if (!again) book.failed.add(piece.id)
    // Of what an earlier run began this one counts the attempt.
    if (!isCancelled && !book.attempts.has(piece.id)) book.attempts.set(piece.id, 1)
    const why = conclusions.get(piece.task)?.why
    const exception = why?.kind === 'exception' ? exceptionText(why.exception) : null
    return { piece, states: states.join(', '), exception, again }
  })
  const alike = Map.groupBy(told, ({ states, exception, again }) =>
    JSON.stringify([states, exception, again]),
  )
  for (const [first, ...others] of alike.values()) {
    if (first === undefined) continue
    const { piece, ...why } = first
    const pieces = [piece, ...others.map((one) => one.piece)]
    report(about(first.again ? 'ok' : 'error', job, pieces, { kind: 'asset-failed', ...why }))
  }
}

/** A person cancelled it, and has asked anew since. */
function cancelledBefore(context: Context, job: Job, book: Book): boolean {
  if (book.own.has(job.id)) return false
  return context.ledger.events(job.id).some(({ kind, at }) => kind === 'cancel-asked' && at < book.began)
}

/** Clients in Python write the name into the message, and a newline behind it. */
function exceptionText({ name, message }: PipesException): string {
  const text = message.trim()
  return name === null || text.startsWith(name) ? text : `${name}: ${text}`
}

/** A note about keys of an asset, without their names. */
type About<Kind extends Note['kind']> = Omit<Extract<Note, { readonly kind: Kind }>, 'asset' | 'keys'>

function about(
  status: Report['status'],
  job: Job,
  pieces: readonly JobPiece[],
  note: About<'asset-failed'> | About<'asset-left-open'>,
): Report {
  const asset = job.spec.asset?.name ?? ''
  const named = pieces.flatMap(({ key }) => key ?? [])
  const keys = named.length === 0 ? null : named
  return {
    action: 'materialize',
    status,
    path: '',
    type: 'job',
    note: { ...note, asset, keys },
    facts: { ...jobFacts(job), ...pieceFacts(asset, keys) },
  }
}
