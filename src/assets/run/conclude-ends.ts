import { jobName } from '../../contract/ids.ts'
import type { Context, Job } from '../../job/context.ts'
import { finish } from '../../job/finish/finish.ts'
import type { Note } from '../../job/note.ts'
import type { ObservedJob } from '../../job/observe.ts'
import type { Report } from '../../job/report.ts'
import { conclusionOf } from '../../job/said.ts'
import { calledName, isOpen, jobFacts } from '../../job/select.ts'
import type { PipesException } from '../../pipes/event.ts'
import type { Asset } from '../definitions/definitions.ts'
import type { AssetView } from '../look.ts'
import type { Book } from './book.ts'
import { keyOf, piecesOf } from './pieces-of-job.ts'

/**
 * Finishes all that has ended in one pass: what ended well is recorded, the rest closed, and tried again or given up.
 */
export async function concludeEnds(
  context: Context,
  ended: readonly ObservedJob[],
  views: ReadonlyMap<string, AssetView>,
  run: string,
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
      completedTasks: false,
      landing: 'branch',
    },
    (one) => {
      if (one.note?.kind === 'job-unanswered') unanswered.add(one.facts?.['job'])
      // What failed is told below, with what becomes of it.
      else if (one.note?.kind !== 'closed-failed') report(one)
    },
  )
  for (const { job: before } of ended) {
    const job = context.ledger.job(before.id)
    if (job === null) continue
    const pieces = piecesOf(job)
    if (isOpen(job)) {
      if (!unanswered.has(jobName(job.id))) leaveOpen(job, book, report)
      continue
    }
    if (job.state === 'recorded') {
      // What an earlier run began may be stale by now, and is made again then.
      if (job.spec.asset?.run === run) for (const id of pieces) book.made.add(id)
      continue
    }
    fail(context, job, views, book, report)
  }
}

/** Takes in what others did with jobs that were waited for: they recorded them, or a person gave them up. */
export function noteOthers(
  context: Context,
  jobs: readonly Job[],
  run: string,
  book: Book,
  report: (report: Report) => void,
): void {
  for (const { id } of jobs) {
    const job = context.ledger.job(id)
    if (job === null || isOpen(job)) continue
    if (job.state === 'recorded') {
      if (job.spec.asset?.run === run) for (const piece of piecesOf(job)) book.made.add(piece)
      continue
    }
    for (const piece of piecesOf(job)) book.failed.add(piece)
    report(
      about('error', job, {
        kind: 'asset-failed',
        asset: job.spec.asset?.name ?? '',
        key: keyOf(job),
        states: job.state,
        exception: null,
        again: false,
      }),
    )
  }
}

/** Gives up a job that cannot be recorded now: it stays open, and the run does not wait for it. */
export function leaveOpen(job: Job, book: Book, report: (report: Report) => void): void {
  for (const id of piecesOf(job)) book.failed.add(id)
  report(
    about('error', job, {
      kind: 'asset-left-open',
      asset: job.spec.asset?.name ?? '',
      key: keyOf(job),
      job: calledName(job),
    }),
  )
}

function fail(
  context: Context,
  job: Job,
  views: ReadonlyMap<string, AssetView>,
  book: Book,
  report: (report: Report) => void,
): void {
  const asset = job.spec.asset?.name ?? ''
  const states = [...new Set(job.observed?.groups.map(({ state }) => state))]
  const retry = views.get(asset)?.asset.retry
  const again =
    retry !== undefined && piecesOf(job).every((id) => mayRetry(retry, book.attempts.get(id) ?? 1, states))
  if (!again) for (const id of piecesOf(job)) book.failed.add(id)
  // Of what an earlier run began this one counts the attempt.
  for (const id of piecesOf(job)) if (!book.attempts.has(id)) book.attempts.set(id, 1)
  const { why } = conclusionOf(context, job)
  const exception = why.kind === 'exception' ? exceptionText(why.exception) : null
  report(
    about(again ? 'ok' : 'error', job, {
      kind: 'asset-failed',
      asset,
      key: keyOf(job),
      states: states.join(', '),
      exception,
      again,
    }),
  )
}

/** Clients in Python write the name into the message, and a newline behind it. */
function exceptionText({ name, message }: PipesException): string {
  const text = message.trim()
  return name === null || text.startsWith(name) ? text : `${name}: ${text}`
}

/** Whether what ended so is tried again. */
function mayRetry({ attempts, when }: Asset['retry'], before: number, states: readonly string[]): boolean {
  return before < attempts && states.every((state) => when.has(state))
}

function about(status: Report['status'], job: Job, note: Note): Report {
  const { asset } = job.spec
  const key = keyOf(job)
  return {
    action: 'materialize',
    status,
    path: '',
    type: 'job',
    note,
    facts: {
      ...jobFacts(job),
      ...(asset === undefined ? {} : { asset: asset.name }),
      ...(key === null ? {} : { key }),
    },
  }
}
