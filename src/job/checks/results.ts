import { parseIndices } from '../../contract/index-set.ts'
import { conclude } from '../../pipes/conclude.ts'
import type { EndMarker } from '../../launcher/markers.ts'
import type { PipesEvent } from '../../pipes/event.ts'
import type { Metadata } from '../../pipes/metadata.ts'
import { factsOfTasks } from '../arrays/task-facts.ts'
import type { Context, Job } from '../context.ts'
import type { Evidence, Group } from '../evidence.ts'
import { heardFrom, ofNewestAttempt } from '../hear.ts'
import { conditionText, holds, type MetricCondition } from '../metric-condition.ts'
import { metricsOf, type Metrics } from '../metrics.ts'
import { ownEnds, type OwnEnds } from './check-ends.ts'
import { runningChecks } from './declared.ts'

/** How a check came out, as records have it. `passed` null: nobody can tell. */
export interface CheckResult {
  readonly name: string
  readonly passed: boolean | null
  readonly severity: 'WARN' | 'ERROR'
  /** Of a command that ended otherwise than with 0. */
  readonly exit_code?: number
  /** Why it did not pass, where its exit code does not say it. */
  readonly why?: string
  /** What a metric must not be; and what it was, where that is known. */
  readonly condition?: string
  readonly value?: number
  readonly metadata?: Metadata
}

/** What one task said of checks. */
interface Told {
  readonly payload: PipesEvent[]
  readonly byCheck: Map<string, PipesEvent[]>
}

/** Signals by which a check is ended from outside, by a limit of time or of memory. */
const endings: ReadonlyMap<number | null, string> = new Map([
  [9, 'SIGKILL'],
  [15, 'SIGTERM'],
])

/** Metadata of a check above so many bytes stay in the ledger alone. */
const mostMetadata = 1024

/**
 * How the checks of tasks came out (of a job that is no array: task 0): those that were asked for, where the payload ended
 * well, and all that was reported by Pipes or in plain lines.
 */
export function checkResults(
  context: Context,
  job: Job,
  evidence: Evidence,
  tasks: readonly number[],
): ReadonlyMap<number, readonly CheckResult[]> {
  const { checks = [] } = job.spec
  const told = toldOf(context, job)
  const endedWell = groupsByTask(evidence.groups.filter(({ state }) => state === 'COMPLETED'))
  const running = runningChecks(checks)
  const ends = running.length === 0 ? new Map<number, OwnEnds>() : ownEnds(context, job, tasks)
  const results = new Map<number, readonly CheckResult[]>()
  for (const task of tasks) {
    const { payload, byCheck } = told.get(task) ?? { payload: [], byCheck: new Map<string, PipesEvent[]>() }
    const group = endedWell.get(task)
    const asked = (group === undefined ? [] : checks).map((check): CheckResult => {
      if (check.kind === 'metric')
        return metricResult(check.name, check.condition, metricsOfTask(job, evidence, task))
      const end = ends.get(task)?.checks[running.indexOf(check.name)] ?? null
      return runResult(check.name, end, byCheck.get(check.name) ?? [], group?.reason ?? null)
    })
    const others = [...byCheck].flatMap(([name, said]) => reportedIn(said).filter((one) => one.name !== name))
    const all = [...asked, ...reportedIn(payload), ...others]
    if (all.length > 0) results.set(task, all)
  }
  return results
}

/** The tasks that a record is about: of a job that is no array, 0. */
export function tasksOfRecord({ spec }: Job, part: string | null): readonly number[] {
  if (spec.parts.kind !== 'array') return [0]
  return parseIndices(part ?? spec.parts.indices)
}

/** Whether a result stands in the way of what is made of it, where its check is a blocking one. */
export function mayBlock({ passed, severity, condition }: CheckResult): boolean {
  // Of a metric that is not known nobody can say that it is not as it should be.
  return passed === null ? condition === undefined : !passed && severity === 'ERROR'
}

function runResult(
  name: string,
  end: EndMarker | null,
  all: readonly PipesEvent[],
  reason: string | null,
): CheckResult {
  if (end === null) return { name, passed: null, severity: 'ERROR', why: reason ?? 'no end' }
  // What was told to stop, and did, has not come to its verdict. A check may end by the signal that its shell gets later.
  const stoppedBy = end.stopped ? 'SIGTERM' : endings.get(end.signal)
  if (end.code !== 0 && stoppedBy !== undefined)
    return { name, passed: null, severity: 'ERROR', why: reason ?? stoppedBy }
  const { code } = end
  const said = ofNewestAttempt(all)
  const own = said.findLast((event) => event.kind === 'check' && event.checkName === name)
  const reported = own?.kind === 'check' ? own : null
  const { outcome, why } = conclude(said, { code, signal: null })
  const endedWell = outcome === 'ok'
  return {
    name,
    passed: endedWell && (reported?.passed ?? true),
    severity: endedWell ? (reported?.severity ?? 'ERROR') : 'ERROR',
    ...(code === 0 ? {} : { exit_code: code }),
    ...('exception' in why && why.exception !== null ? { why: why.exception.message.trim() } : {}),
    ...(why.kind === 'unknown-method' ? { why: `unknown method ${why.method}` } : {}),
    ...keptMetadata(reported?.metadata ?? {}),
  }
}

function metricResult(name: string, condition: MetricCondition, metrics: Metrics): CheckResult {
  const value = metrics[condition.metric]
  const bad = holds(condition, metrics)
  const told = { name, severity: 'ERROR', condition: conditionText(condition) } as const
  return bad === 'unknown' || value === undefined
    ? { ...told, passed: null, why: 'not available' }
    : { ...told, passed: !bad, value }
}

function metricsOfTask({ spec, submittedAt }: Job, evidence: Evidence, task: number): Metrics {
  if (spec.parts.kind === 'array') return metricsOf(factsOfTasks(evidence.facts, evidence.tasks, [task]))
  const { facts, started, ended } = evidence
  return metricsOf(facts, { submitted: submittedAt, started, ended })
}

function reportedIn(said: readonly PipesEvent[]): readonly CheckResult[] {
  return ofNewestAttempt(said).flatMap((event) =>
    event.kind === 'check'
      ? [
          {
            name: event.checkName,
            passed: event.passed,
            severity: event.severity,
            ...keptMetadata(event.metadata),
          },
        ]
      : [],
  )
}

function keptMetadata(metadata: Metadata): Pick<CheckResult, 'metadata'> {
  const size = Buffer.byteLength(JSON.stringify(metadata))
  return Object.keys(metadata).length === 0 || size > mostMetadata ? {} : { metadata }
}

function toldOf(context: Context, job: Job): ReadonlyMap<number, Told> {
  const told = new Map<number, Told>()
  for (const { task, event } of heardFrom(context, job)) {
    const one = told.get(task) ?? { payload: [], byCheck: new Map<string, PipesEvent[]>() }
    told.set(task, one)
    if (event.ofCheck === undefined) {
      if (event.kind === 'check' || event.kind === 'attempt') one.payload.push(event)
    } else if (event.kind !== 'log') {
      const said = one.byCheck.get(event.ofCheck) ?? []
      one.byCheck.set(event.ofCheck, said)
      said.push(event)
    }
  }
  return told
}

function groupsByTask(groups: readonly Group[]): ReadonlyMap<number, Group> {
  return new Map(
    groups.flatMap((group) =>
      (group.parts === '' ? [0] : parseIndices(group.parts)).map((task) => [task, group] as const),
    ),
  )
}
