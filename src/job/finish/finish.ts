import type { EpochSeconds, JobId } from '../../contract/ids.ts'
import { checkCommittable, readHead, type Head } from '../../dataset/head.ts'
import { checkIdentity } from '../../dataset/identity.ts'
import { cleanAltDirs, hasAltDirsToClean } from '../alt-dir/alt-clean.ts'
import { tidyInBackground } from '../../dataset/housekeeping.ts'
import { chooseJobs } from './choose-jobs.ts'
import { decide } from './decide.ts'
import { aboutJob, type EndedJob, type EndFacts } from './ended.ts'
import { factsWait } from '../facts-wait.ts'
import { inPieces, oneByOne } from '../in-pieces.ts'
import { altDirLease, finishLease, tryLease, withLease } from '../lease.ts'
import type { Context, Job } from '../context.ts'
import { addLateFacts } from '../late-facts.ts'
import { recoverMoves } from './move.ts'
import { lookAt, type ObservedJob } from '../observe.ts'
import { withChildren } from '../members/children.ts'
import { reconcile } from '../reconcile.ts'
import { recordJobs } from './record-jobs.ts'
import type { Report } from '../report.ts'
import { calledName, isOpen } from '../select.ts'
import { toldOutputs, withTold, type ToldOutputs } from './told-outputs.ts'
import { inOrder, inTurns, withoutRow, type Ended } from './turns.ts'
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
    const { ended, stayOpen, head } = await endedOf(context, chosen, request, told.value, seen, report)
    if (head !== null && ended.length > 0)
      await recordAll(context, inOrder(ended), request, head, seen.length === 0, report)
    await tryLease(context, altDirLease, async () => cleanAltDirs(context, report))
    // What is left to do stands last, where it is seen.
    for (const one of stayOpen) report(one)
    await addLateFacts(context, report, new Set(ended.map(({ job }) => job.id)))
  })
}

/** Looks at jobs: those to be recorded, what there is to say of those that stay open, and where the records are to stand. */
async function endedOf(
  context: Context,
  chosen: readonly JobId[],
  request: FinishRequest,
  told: ToldOutputs,
  seen: readonly ObservedJob[],
  report: (report: Report) => void,
): Promise<{
  readonly ended: readonly Ended[]
  readonly stayOpen: readonly Report[]
  readonly head: Head | null
}> {
  const ended: Ended[] = []
  const stayOpen: Report[] = []
  const open = inPieces(context, chosen)
  const before = new Map(seen.map((one) => [one.job.id, one]))
  const unseen = oneByOne(open).filter((job) => isOpen(job) && !before.has(job.id))
  const sight = await lookAt(context, unseen, 'facts')
  const head = await readyHead(context, report)
  for (const jobs of open) {
    const here = stillOpen(jobs, report)
    const now = new Map(sight(here).map((one) => [one.job.id, one]))
    for (const job of here) {
      const observed = before.get(job.id) ?? now.get(job.id)
      const toRecord = await decide(context, request, job, observed, head, (one) =>
        one.status === 'impossible' ? stayOpen.push(one) : report(one),
      )
      if (toRecord === null) continue
      const known = withTold(context, toRecord, told)
      if (known.ok) ended.push(withoutRow(known.value))
      else stayOpen.push(aboutJob('impossible', job, known.failure))
    }
  }
  return { ended, stayOpen, head }
}

/** Records jobs, and lets go of what is left of them where that is wished. */
async function recordAll(
  context: Context,
  ended: readonly Ended[],
  request: FinishRequest,
  head: Head,
  asked: boolean,
  report: (report: Report) => void,
): Promise<void> {
  const until = context.now() + factsWait(context)
  // What the look of a while ago did not know accounting may know by now.
  const begun = factsOf(context, ended, asked, until, report)
  // A failure is told to those who wait for them, below.
  begun.catch(() => {})
  const facts = async (): Promise<EndFacts> => newestFacts(context, ended, await begun, until)
  const recorded = await recordJobs(context, ended, head.ref ?? '', facts, request, report)
  await begun
  if (request.failedJobs === 'close') await closeRests(context, request, ended, head, report)
  if (recorded) tidyInBackground(context.dataset)
}

/** What accounting says of ended jobs, and of the jobs that they submitted. */
async function factsOf(
  context: Context,
  ended: readonly Ended[],
  asked: boolean,
  until: EpochSeconds,
  report: (report: Report) => void,
): Promise<EndFacts> {
  const facts = new Map<JobId, Pick<EndedJob, 'evidence' | 'children'>>()
  let justAsked = asked
  for (const turn of inTurns(context, ended)) {
    const late = await waitForFacts(context, turn, 'note', justAsked, until)
    justAsked = false
    for (const { job, evidence, children } of await withChildren(context, late, report))
      facts.set(job.id, { evidence, ...(children === undefined ? {} : { children }) })
  }
  return facts
}

/** Where storing took longer than facts were waited for, accounting is asked once more about those that it did not know. */
async function newestFacts(
  context: Context,
  ended: readonly Ended[],
  known: EndFacts,
  until: EpochSeconds,
): Promise<EndFacts> {
  if (context.now() <= until || factsWait(context) === 0) return known
  const late = ended
    .map((one) => ({ ...one, ...known.get(one.job.id) }))
    .filter(({ evidence }) => evidence.accounting === 'pending')
  const newest = new Map(known)
  for (const turn of inTurns(context, late))
    for (const { job, evidence } of await waitForFacts(context, turn, 'note', false, until))
      newest.set(job.id, { ...known.get(job.id), evidence })
  return newest
}

/** Lets go of the tasks that did not complete of arrays whose others are recorded. */
async function closeRests(
  context: Context,
  request: FinishRequest,
  jobs: readonly Ended[],
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
function stillOpen(jobs: readonly Job[], report: (report: Report) => void): readonly Job[] {
  for (const job of jobs) {
    if (isOpen(job)) continue
    if (job.commit !== null)
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
  return jobs.filter(isOpen)
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
