import type { EpochSeconds, SchedulerJobId } from '../../contract/ids.ts'
import type { Look } from '../../contract/scheduler.ts'
import type { AttemptFacts, Evidence, Group, Verdict } from '../evidence.ts'
import type { SchedulerJob } from './members.ts'
import { weigh } from '../outcome.ts'
import { sumFacts } from '../sum-facts.ts'

/**
 * Weighs what the witnesses said about each job of a command that submitted several, and puts it together: it runs as long
 * as one of them does, has ended when all have, and has failed when one has. Pure.
 */
export function weighMembers(
  members: readonly SchedulerJob[],
  before: Evidence | null,
  lookAt: (id: SchedulerJobId) => Look,
  now: EpochSeconds,
): { readonly verdict: Verdict; readonly evidence: Evidence } {
  const weighed = members.map(({ id, parts }) => ({
    id,
    ...weigh({ id, parts, before: before === null ? null : partOf(before, id) }, lookAt(id), now),
  }))
  const all = weighed.map(({ evidence }) => evidence)
  const times = (key: 'started' | 'ended'): readonly number[] =>
    all.map((evidence) => evidence[key]).filter((time) => time !== null)
  const started = times('started')
  const ended = times('ended')
  const evidence: Evidence = {
    at: now,
    groups: weighed.flatMap((one) => one.evidence.groups.map((group): Group => ({ job: one.id, ...group }))),
    started: started.length === 0 ? (before?.started ?? null) : Math.min(...started),
    ended: ended.length === 0 ? (before?.ended ?? null) : Math.max(...ended),
    facts: { ...before?.facts, ...sumFacts(all.map(({ facts }) => facts).filter(isSaid)) },
    attempts: weighed.flatMap((one) =>
      one.evidence.attempts.map((attempt): AttemptFacts => ({ job: one.id, ...attempt })),
    ),
    accounting: all.some(({ accounting }) => accounting === 'pending')
      ? 'pending'
      : all.some(({ accounting }) => accounting === 'off')
        ? 'off'
        : 'complete',
    ...(before?.assumed === undefined ? {} : { assumed: before.assumed }),
  }
  return { verdict: together(weighed.map(({ verdict }) => verdict)), evidence }
}

/** What was known before of one member. */
function partOf(before: Evidence, id: SchedulerJobId): Evidence {
  const own = <T extends { readonly job?: SchedulerJobId }>(list: readonly T[]): readonly Omit<T, 'job'>[] =>
    list.filter(({ job }) => job === id).map(({ job: _job, ...rest }) => rest)
  const groups = own(before.groups)
  const attempts = own(before.attempts)
  const { at, accounting } = before
  return { at, groups, attempts, started: null, ended: null, facts: {}, accounting }
}

function together(verdicts: readonly Verdict[]): Verdict {
  const find = <K extends Verdict['kind']>(kind: K): Extract<Verdict, { kind: K }> | undefined =>
    verdicts.find((verdict): verdict is Extract<Verdict, { kind: K }> => verdict.kind === kind)
  const silent = find('unanswered')
  if (silent !== undefined) return silent
  if (find('running') !== undefined) return { kind: 'running' }
  if (find('pending') !== undefined) return { kind: find('ended') === undefined ? 'pending' : 'running' }
  const doubtful = find('unknown')
  if (doubtful !== undefined) return doubtful
  const good = verdicts.every((verdict) => verdict.kind === 'ended' && verdict.how === 'completed')
  return { kind: 'ended', how: good ? 'completed' : 'failed' }
}

function isSaid(facts: Evidence['facts']): boolean {
  return Object.keys(facts).length > 0
}
