import { checkCommittable, readHead, type Head } from '../../dataset/head.ts'
import { checkIdentity } from '../../dataset/identity.ts'
import { cleanAltDirs, hasAltDirsToClean } from '../alt-dir/alt-clean.ts'
import { chooseJobs } from './choose-jobs.ts'
import { decide } from './decide.ts'
import { aboutJob, type EndedJob, type EndFacts } from './ended.ts'
import { altDirLease, finishLease, tryLease, withLease } from '../lease.ts'
import type { Context, Job } from '../context.ts'
import { addLateFacts } from '../late-facts.ts'
import { recoverMoves } from './move.ts'
import { observe, type ObservedJob } from '../observe.ts'
import { withChildren } from '../members/children.ts'
import { reconcile } from '../reconcile.ts'
import { recordJobs } from './record-jobs.ts'
import type { Report } from '../report.ts'
import { calledName, isOpen } from '../select.ts'
import { toldOutputs, withTold } from './told-outputs.ts'
import { waitForOutputs } from './wait-for-outputs.ts'
import { waitForFacts } from '../wait-for-facts.ts'
import type { FinishRequest } from './finish-request.ts'

/**
 * Records the jobs that have ended, in the order in which they did; says of the others why not. One finish at a time. `seen`:
 * jobs that a look of a moment ago has shown to have ended well: their scheduler is asked for facts alone.
 */
export async function finish(
  context: Context,
  request: FinishRequest,
  report: (report: Report) => void,
  seen: readonly ObservedJob[] = [],
): Promise<void> {
  if (request.assume !== null && request.jobs.length === 0) {
    report({ action: 'finish', status: 'impossible', path: '', note: { kind: 'assume-needs-names' } })
    return
  }
  const told = toldOutputs(context, request)
  if (!told.ok) {
    report({ action: 'finish', status: 'impossible', path: '', note: told.failure })
    return
  }
  await reconcile(context, report)
  if (context.ledger.hasHeld(context.dataset.root))
    await (await import('../schedule/release.ts')).releaseHeld(context, report)
  const chosen = await chooseJobs(context, request, report)
  // A commit's name may stand for several.
  if (request.outputs.length > 0 && chosen.length > 1) {
    report(aboutJob('impossible', null, { kind: 'outputs-need-one-job' }))
    return
  }
  const nothingElse = context.ledger.awaitingFacts().length === 0 && !hasAltDirsToClean(context)
  if (chosen.length === 0 && nothingElse) return
  await withLease(context, finishLease, async () => {
    await recoverMoves(context, report)
    const open = stillOpen(context, chosen, report)
    const known = new Map(seen.map((one) => [one.job.id, one]))
    const unseen = open.filter(({ id }) => !known.has(id))
    for (const one of await observe(context, unseen, 'facts')) known.set(one.job.id, one)
    const head = await readyHead(context, report)
    const ended: EndedJob[] = []
    const stayOpen: Report[] = []
    for (const job of open) {
      const toRecord = await decide(context, request, job, known.get(job.id), head, (one) =>
        one.status === 'impossible' ? stayOpen.push(one) : report(one),
      )
      if (toRecord === null) continue
      const named = withTold(context, toRecord, told.value)
      if (named.ok) ended.push(named.value)
      else stayOpen.push(aboutJob('impossible', job, named.failure))
    }
    if (head !== null && ended.length > 0) {
      const facts = factsOf(context, ended, seen.length === 0, report)
      // A failure is told to those who wait for them, below.
      facts.catch(() => {})
      const arrived = await waitForOutputs(context, ended)
      await recordJobs(context, inOrder(arrived), facts, request, report)
      await facts
      if (request.failedJobs === 'close') await closeRests(context, request, arrived, head, report)
    }
    await tryLease(context, altDirLease, async () => cleanAltDirs(context, report))
    // What is left to do stands last, where it is seen.
    for (const one of stayOpen) report(one)
    await addLateFacts(context, report, new Set(ended.map(({ job }) => job.id)))
  })
}

/** What accounting says of ended jobs, and of the jobs that they submitted. */
async function factsOf(
  context: Context,
  ended: readonly EndedJob[],
  asked: boolean,
  report: (report: Report) => void,
): Promise<EndFacts> {
  const known = await withChildren(context, await waitForFacts(context, ended, 'note', asked), report)
  return new Map(
    known.map(({ job, evidence, children }) => [
      job.id,
      { evidence, ...(children === undefined ? {} : { children }) },
    ]),
  )
}

/** Lets go of the tasks that did not complete of arrays whose others are recorded. */
async function closeRests(
  context: Context,
  request: FinishRequest,
  jobs: readonly EndedJob[],
  head: Head,
  report: (report: Report) => void,
): Promise<void> {
  for (const { job: before, evidence, part } of jobs) {
    const job = part?.keepsOpen ? context.ledger.job(before.id) : null
    if (job === null || !isOpen(job)) continue
    const verdict = { kind: 'ended', how: 'failed' } as const
    await decide(context, request, job, { job, verdict, evidence, look: null }, head, report)
  }
}

/** While we waited for the lease, another finish may have recorded some of them: say so instead of doing it again. */
function stillOpen(
  context: Context,
  chosen: readonly Job[],
  report: (report: Report) => void,
): readonly Job[] {
  const open: Job[] = []
  for (const { id } of chosen) {
    const job = context.ledger.job(id)
    if (job === null) continue
    if (isOpen(job)) open.push(job)
    else if (job.commit !== null)
      report(aboutJob('notneeded', job, { kind: 'recorded-by-other', commit: job.commit }))
    else
      report(
        aboutJob('notneeded', job, {
          kind: 'already-over',
          job: calledName(job),
          state: job.state,
          commit: null,
        }),
      )
  }
  return open
}

/** HEAD, when commits may be made on it; else null after saying why not. */
async function readyHead(context: Context, report: (report: Report) => void): Promise<Head | null> {
  const head = await readHead(context.dataset)
  const ready = head.ok ? checkCommittable(head.value) : head
  const identity = ready.ok ? await checkIdentity(context.dataset) : ready
  const failure = !ready.ok ? ready.failure : !identity.ok ? identity.failure : null
  if (failure !== null) {
    report({
      action: 'finish',
      status: 'impossible',
      path: context.dataset.root,
      type: 'dataset',
      note: failure,
    })
    return null
  }
  return head.ok ? head.value : null
}

function inOrder(jobs: readonly EndedJob[]): readonly EndedJob[] {
  return jobs.toSorted((a, b) => (a.evidence.ended ?? 0) - (b.evidence.ended ?? 0) || a.job.id - b.job.id)
}
