import { parseIndices } from '../../contract/index-set.ts'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { readHead } from '../../dataset/head.ts'
import { readLog } from '../../dataset/log.ts'
import { factsOfTasks } from '../arrays/task-facts.ts'
import { manyLongLists } from '../arrays/task-rows.ts'
import { groupsOfTasks, restOf } from '../arrays/array-part.ts'
import type { Context, Job } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import { attemptJson } from '../finish/attempt-json.ts'
import { recordedFacts } from '../finish/record.ts'
import { holds, parseCondition, type MetricCondition } from '../metric-condition.ts'
import type { Note } from '../note.ts'
import { observe } from '../observe.ts'
import { adviceOf, type UsageAdvice } from './advice.ts'
import { readDay } from './read-day.ts'
import { sumOf, sumUsage, type UsageKey, type UsageSum } from './sum-usage.ts'
import { hasKeys, splitByKey } from './split-keys.ts'
import { runOf, sourceOfCommit, type UsageRun, type UsageSource } from './usage-run.ts'

/** Which jobs are counted, and how. */
export interface UsageRequest {
  /** Jobs that ended then or later: `2026-11-26`, or with a time, in UTC. */
  readonly since: string | null
  /** Jobs that ended then or before; of a day, until its end. */
  readonly until: string | null
  readonly by: readonly UsageKey[]
  /** Conditions on a job's metrics, all of which must hold: `cpu_efficiency < 0.2`. */
  readonly where: readonly string[]
}

/** What jobs took. */
export interface Usage {
  readonly total: UsageSum
  /** By what was asked for, the group that took most first; empty where nothing was. */
  readonly groups: readonly UsageSum[]
  readonly advice: readonly UsageAdvice[]
  /** Jobs of which it is not known whether the conditions hold. They are not counted. */
  readonly undecided_jobs: number
}

/**
 * Sums what the jobs took that are recorded in the history of HEAD, read by one git process, and the open ones of this
 * worktree that have ended. Asks the scheduler only where jobs are open.
 */
export async function usage(context: Context, request: UsageRequest): Promise<Fallible<Usage, Note>> {
  const conditions: MetricCondition[] = []
  for (const text of request.where) {
    const condition = parseCondition(text)
    if (!condition.ok) return condition
    conditions.push(condition.value)
  }
  const since = request.since === null ? 0 : readDay(request.since, 'start')
  const until = request.until === null ? Infinity : readDay(request.until, 'end')
  if (since === null) return fail({ kind: 'bad-day', text: request.since ?? '' })
  if (until === null) return fail({ kind: 'bad-day', text: request.until ?? '' })
  const recorded = await recordedSources(context)
  if (!recorded.ok) return recorded
  const all = [...recorded.value, ...(await openSources(context))].filter(
    ({ at }) => since <= at && at <= until,
  )
  const chosen: { readonly source: UsageSource; readonly run: UsageRun }[] = []
  let undecided = 0
  for (const source of all) {
    const run = runOf(source)
    const answers = conditions.map((condition) => holds(condition, run.metrics))
    if (answers.every((answer) => answer === true)) chosen.push({ source, run })
    else if (!answers.includes(false)) undecided += run.jobs
  }
  const runs = chosen.map(({ run }) => run)
  const grouped = request.by.includes('key') ? await runsByKey(context, chosen) : runs
  return ok({
    total: sumOf(withChildren(runs), []),
    groups: request.by.length === 0 ? [] : sumUsage(withChildren(grouped), request.by),
    advice: adviceOf(runs),
    undecided_jobs: undecided,
  })
}

/** What a payload submitted is part of what it cost; what it asked for is its own affair. */
function withChildren(runs: readonly UsageRun[]): readonly UsageRun[] {
  return runs.flatMap((run) => [run, ...told(run)])
}

function told({ children }: UsageRun): readonly UsageRun[] {
  return children === undefined || children === 'unreadable' ? [] : [children]
}

/** An array of keys as one run a key; what its payloads submitted is not known by key. */
async function runsByKey(
  context: Context,
  chosen: readonly { readonly source: UsageSource; readonly run: UsageRun }[],
): Promise<readonly UsageRun[]> {
  const sources = chosen.map(({ source }) => source)
  const lists = await manyLongLists(
    context,
    sources.map((source) => (hasKeys(source.own) ? source : { ...source, commit: null })),
  )
  return chosen.flatMap(({ source, run }, i) => {
    const split = hasKeys(source.own) ? splitByKey(source.own, lists[i] ?? {}) : null
    if (split === null) return [run]
    return [...split.map((own) => runOf({ ...source, own })), ...told(run)]
  })
}

async function recordedSources(context: Context): Promise<Fallible<readonly UsageSource[], Note>> {
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  if (head.value.commit === null) return ok([])
  const logged = await readLog(context.dataset, {
    revisions: [head.value.commit],
    order: 'newest-first',
    containing: '[DATALAD ',
    notes: true,
  })
  return logged.ok ? ok(logged.value.flatMap((one) => sourceOfCommit(one) ?? [])) : logged
}

/** Jobs that have ended and wait for their record. */
async function openSources(context: Context): Promise<readonly UsageSource[]> {
  const open = context.ledger.openJobsIn(context.dataset.root)
  if (open.length === 0) return []
  const seen = await observe(context, open, 'facts')
  return seen.flatMap(({ job, verdict, evidence }) =>
    evidence !== null &&
    (verdict.kind === 'ended' || (verdict.kind === 'unanswered' && job.state === 'ended'))
      ? [openSource(context, job, evidence)]
      : [],
  )
}

function openSource(context: Context, job: Job, evidence: Evidence): UsageSource {
  const rest = restOf(job)
  const facts =
    rest === null ? evidence.facts : factsOfTasks(evidence.facts, evidence.tasks, parseIndices(rest.tasks))
  const groups = groupsOfTasks(evidence.groups, rest?.tasks ?? null)
  const states = new Set(groups.map(({ state }) => state))
  const own = {
    ...recordedFacts(facts),
    ...(job.cluster === null ? {} : { cluster: job.cluster }),
    ...(rest === null ? {} : { recorded_tasks: rest.tasks }),
    state: states.size === 1 ? (groups[0]?.state ?? '') : 'MIXED',
    ...(job.spec.parts.kind === 'single'
      ? {}
      : { tasks: groups.map(({ parts, state }) => `${parts} ${state}`) }),
    ...(evidence.tasks === undefined ? {} : { task_facts: evidence.tasks }),
    attempts: evidence.attempts.map(attemptJson),
    ...(job.spec.asset === undefined ? {} : { asset: { ...job.spec.asset } }),
    ...(job.spec.script === null ? {} : { script: { path: job.spec.script.path } }),
  }
  const at = evidence.ended ?? context.now()
  return { own, command: job.spec.cmd, user: job.user, at, commit: null }
}
