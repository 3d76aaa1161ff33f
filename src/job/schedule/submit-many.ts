import { jobName } from '../../contract/ids.ts'
import type { Room, SubmitOutcome, SubmitRequest } from '../../contract/scheduler.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { holdBack, refuseForGood } from './held.ts'
import type { Ready } from './ready.ts'
import { noteOutcome, tell } from './submit.ts'

/** Bytes of words in one command line: the kernel takes 2 MiB with the environment, and some systems less. */
const mostBytes = 60_000

/**
 * Submits plain jobs of one scheduler that are noted, in order, by one process for those that start alike. What the site has no room
 * for now is held back, and submitted by a later look. Ctrl-C waits until what has begun is noted. Gives those that were
 * submitted.
 */
export async function submitMany(
  context: Context,
  ready: readonly Ready[],
  limits: Room,
): Promise<readonly Job[]> {
  const fitting = await context.critical(async () => admit(context, ready, limits))
  const submitted: Job[] = []
  for (const group of groupsOf(fitting)) submitted.push(...(await submitGroup(context, group, limits)))
  return submitted
}

/** Those that the site has room for now; the others wait, or are refused where there never will be. */
async function admit(context: Context, ready: readonly Ready[], limits: Room): Promise<readonly Ready[]> {
  const fitting: Ready[] = []
  for (const one of ready) {
    const admission = limits.admit(one.wish)
    if (admission.kind === 'fits') fitting.push(one)
    else if (admission.kind === 'never') await refuseForGood(context, one, admission.why)
    else await holdBack(context, one, admission.why)
  }
  return fitting
}

/** Lists of jobs that one process can submit, in order. */
function groupsOf(ready: readonly Ready[]): readonly (readonly Ready[])[] {
  const groups: Ready[][] = []
  let bytes = 0
  for (const one of ready) {
    const size = one.words.reduce((sum, word) => sum + Buffer.byteLength(word) + 9, 200)
    const last = groups.at(-1)
    const alike = last?.[0]?.env === one.env && last[0].cwd === one.cwd
    if (last !== undefined && alike && bytes + size <= mostBytes) {
      last.push(one)
      bytes += size
    } else {
      groups.push([one])
      bytes = size
    }
  }
  return groups
}

async function submitGroup(context: Context, group: readonly Ready[], limits: Room): Promise<readonly Job[]> {
  const outcomes = await context.critical(async () => submitNoted(context, group))
  for (const [i, one] of group.entries()) await conclude(context, one, outcomes[i], limits)
  const submitted = group.filter((_, i) => outcomes[i]?.kind === 'submitted')
  return submitted.flatMap(({ job }) => context.ledger.job(job.id) ?? [])
}

/** The process that will submit them is in the ledger before it gets its word. */
async function submitNoted(context: Context, group: readonly Ready[]): Promise<readonly SubmitOutcome[]> {
  const [first] = group
  if (first === undefined) return []
  const scheduler = context.schedulers[first.job.scheduler]
  const held = await scheduler.holdMany(group.map((one) => requestOf(context, one)))
  const submitter = { waybill: context.self, shell: held.process }
  try {
    context.ledger.transaction(() => {
      for (const { job } of group) context.ledger.change(job.id, context.now(), 'held', { submitter })
    })
  } catch (error) {
    await held.abandon()
    throw error
  }
  const outcomes = await held.go()
  inOne(context, () => {
    for (const [i, { job }] of group.entries()) {
      const outcome = outcomes[i]
      if (outcome?.kind === 'submitted') noteOutcome(context, job.id, outcome)
    }
  })
  return outcomes
}

async function conclude(
  context: Context,
  one: Ready,
  outcome: SubmitOutcome | undefined,
  limits: Room,
): Promise<void> {
  const { job, show, report } = one
  if (outcome === undefined) throw new Error(`nothing is told of job ${jobName(job.id)}`)
  if (outcome.kind === 'refused' && outcome.limit !== undefined) {
    await holdBack(context, one, limits.refused(one.wish, outcome.limit))
    return
  }
  show(outcome.stdout, outcome.kind === 'refused' || outcome.kind === 'unknown' ? '' : outcome.stderr)
  await tell(context, job.id, outcome, one, report)
}

function requestOf(context: Context, { job, stdinFile, words, isShellFile, cwd, env }: Ready): SubmitRequest {
  const { token } = job
  return {
    token,
    name: jobName(job.id),
    words,
    ...(isShellFile === undefined ? {} : { isShellFile }),
    cwd,
    env,
    stdinFile,
    folder: jobFolder(context, token),
    array: job.spec.array,
    ...(job.spec.weight === undefined ? {} : { weight: job.spec.weight }),
  }
}

/** One transaction, of which nothing is lost but what can be found out again. */
function inOne(context: Context, work: () => void): void {
  context.ledger.unforced(() => context.ledger.transaction(work))
}
