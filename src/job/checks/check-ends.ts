import { compactIndices, parseIndices } from '../../contract/index-set.ts'
import { checkFailedCode } from '../../launcher/folder.ts'
import { listMarkers, readCheckEnd, readEnd, type EndMarker } from '../../launcher/markers.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { Evidence, Group } from '../evidence.ts'
import { runningChecks } from './declared.ts'

/** Ends by which a scheduler's limit of time may have hit a check instead of its payload. */
const limits: ReadonlySet<string> = new Set(['TIMEOUT', 'DEADLINE'])

/** What a job's own markers say of one task: how its payload ended, and its checks, each in the newest attempt; null: nothing. */
export interface OwnEnds {
  readonly payload: EndMarker | null
  readonly checks: readonly (EndMarker | null)[]
}

/** Reads the ends of tasks from the markers of a job whose checks run in it; another user's say nothing. */
export function ownEnds(context: Context, job: Job, tasks: Iterable<number>): ReadonlyMap<number, OwnEnds> {
  const names = runningChecks(job.spec.checks)
  const folder = payloadFolder(context, job.token)
  const attempts = new Map<number, number>()
  return orNothing(new Map<number, OwnEnds>(), () => {
    for (const { task, attempt } of listMarkers(folder))
      attempts.set(task, Math.max(attempt, attempts.get(task) ?? 0))
    const ends = new Map<number, OwnEnds>()
    for (const task of tasks) {
      const attempt = attempts.get(task)
      if (attempt === undefined) continue
      const checks = names.map((_, i) => readCheckEnd(folder, task, attempt, i + 1))
      ends.set(task, { payload: readEnd(folder, task, attempt), checks })
    }
    return ends
  })
}

/**
 * A payload that ended well by its own marker has ended well, though a check failed its job, or the job's limit of time
 * ended a check: what a scheduler says of such a job is said of its checks. Its word is kept as the reason.
 */
export function withChecksApart(context: Context, job: Job, evidence: Evidence): Evidence {
  if (runningChecks(job.spec.checks).length === 0 || !evidence.groups.some(mayBeOfChecks)) return evidence
  return { ...evidence, groups: evidence.groups.flatMap((group) => partsOf(context, job, group)) }
}

function mayBeOfChecks({ state, exit }: Group): boolean {
  return limits.has(state) || (state === 'FAILED' && exit?.code === checkFailedCode && exit.signal === 0)
}

function partsOf(context: Context, job: Job, group: Group): readonly Group[] {
  if (!mayBeOfChecks(group)) return [group]
  const tasks = group.parts === '' ? [0] : parseIndices(group.parts)
  const ends = ownEnds(context, job, tasks)
  const isMade = (task: number): boolean => {
    const { payload, checks = [] } = ends.get(task) ?? {}
    if (payload?.code !== 0 || payload.stopped) return false
    return limits.has(group.state) || checks.some((end) => end !== null && end.code !== 0)
  }
  const { true: made = [], false: rest = [] } = Object.groupBy(tasks, (task) =>
    isMade(task) ? 'true' : 'false',
  )
  const named = (some: readonly number[]): string => (group.parts === '' ? '' : compactIndices(some))
  const exit = { code: 0, signal: 0 }
  return [
    ...(rest.length === 0 ? [] : [{ ...group, parts: named(rest) }]),
    ...(made.length === 0
      ? []
      : [{ ...group, parts: named(made), state: 'COMPLETED', reason: group.state, exit }]),
  ]
}

function orNothing<T>(nothing: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return nothing
    throw error
  }
}
