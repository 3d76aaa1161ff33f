import { compactIndices, parseIndices } from '../contract/index-set.ts'
import type { EpochSeconds, SchedulerJobId } from '../contract/ids.ts'
import type { JobFacts } from '../contract/job-facts.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { Look, Row, Testimony } from '../contract/scheduler.ts'
import { factsOfTasks, fromTaskFacts, toTaskFacts, type TaskFacts } from './arrays/task-facts.ts'
import type { AttemptFacts, Evidence, Group, Parts, Verdict } from './evidence.ts'
import { sumFacts } from './sum-facts.ts'

/** What is asked of the witnesses: one job, its parts, and what was known before. */
export interface Question {
  readonly id: SchedulerJobId
  readonly parts: Parts
  readonly before: Evidence | null
}

/** What one part's witnesses add up to. */
type PartState =
  | {
      readonly kind: 'known'
      readonly group: Omit<Group, 'parts'>
      readonly row: Row | null
      readonly attempts: readonly Row[]
    }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'unanswered'; readonly why: string }

/**
 * Weighs what the witnesses said about a job. Pure. The queue is believed first, since it is the scheduler's own memory;
 * accounting counts only where the queue has answered and does not know the part; what was seen before counts where
 * neither does. Silence is never an outcome.
 */
export function weigh(
  question: Question,
  look: Look,
  now: EpochSeconds,
): { readonly verdict: Verdict; readonly evidence: Evidence } {
  const queue = rowsByPart(question, look.queue)
  const accounting = rowsByPart(question, look.accounting)
  const before = groupsByPart(question)
  const states = new Map<string, PartState>()
  for (const part of partNames(question.parts)) {
    states.set(
      part,
      weighPart(queue.get(part)?.at(-1), accounting.get(part) ?? [], before.get(part) ?? null, look),
    )
  }
  return { verdict: verdictOf([...states.values()]), evidence: evidenceOf(question, states, look, now) }
}

/** The names of a job's parts: `` for a plain job, `3` for a task, `0` for a component. */
export function partNames(parts: Parts): readonly string[] {
  if (parts.kind === 'single') return ['']
  if (parts.kind === 'array') return parseIndices(parts.indices).map(String)
  return Array.from({ length: parts.count }, (_, i) => String(i))
}

function weighPart(
  inQueue: Row | undefined,
  attempts: readonly Row[],
  before: Omit<Group, 'parts'> | null,
  look: Look,
): PartState {
  const counted = attempts.at(-1)
  if (inQueue !== undefined && inQueue.state !== 'LOST') {
    // The same run in accounting knows more (memory, CPU time), once it is over there too.
    const same = counted !== undefined && counted.state === inQueue.state && phaseOf(inQueue.state) === 'over'
    return known(same ? joined(inQueue, counted) : inQueue, attempts)
  }
  if (inQueue !== undefined)
    return { kind: 'unknown', why: 'its watching process is gone and left no exit code' }
  if (!look.queue.answered) return { kind: 'unanswered', why: look.queue.message }
  if (counted !== undefined && phaseOf(counted.state) === 'over') return known(counted, attempts)
  if (before !== null && phaseOf(before.state) === 'over')
    return { kind: 'known', group: before, row: null, attempts: [] }
  if (counted !== undefined) {
    return { kind: 'unknown', why: `accounting says ${counted.state}, but the queue no longer knows it` }
  }
  if (look.accounting.answered) return { kind: 'unknown', why: 'neither the queue nor accounting knows it' }
  return look.accounting.why === 'off'
    ? { kind: 'unknown', why: 'the queue no longer knows it, and this cluster keeps no accounting' }
    : { kind: 'unanswered', why: look.accounting.message }
}

/** Accounting's row of a run, with what it has not heard yet taken from the queue's. */
function joined(inQueue: Row, counted: Row): Row {
  return {
    ...counted,
    exit: counted.exit ?? inQueue.exit,
    started: counted.started ?? inQueue.started,
    ended: counted.ended ?? inQueue.ended,
    facts: { ...inQueue.facts, ...counted.facts },
  }
}

function known(row: Row, attempts: readonly Row[]): PartState {
  return { kind: 'known', group: { state: row.state, reason: row.reason, exit: row.exit }, row, attempts }
}

function verdictOf(states: readonly PartState[]): Verdict {
  const silent = states.find((state) => state.kind === 'unanswered')
  if (silent !== undefined) return silent
  const phases = new Set(states.map((state) => (state.kind === 'known' ? phaseOf(state.group.state) : null)))
  if (phases.has('running')) return { kind: 'running' }
  if (phases.has('waiting')) return phases.has('over') ? { kind: 'running' } : { kind: 'pending' }
  const doubtful = states.find((state) => state.kind === 'unknown')
  if (doubtful !== undefined) return doubtful
  const good = states.every((state) => state.kind === 'known' && state.group.state === 'COMPLETED')
  return { kind: 'ended', how: good ? 'completed' : 'failed' }
}

function evidenceOf(
  question: Question,
  states: ReadonlyMap<string, PartState>,
  look: Look,
  now: EpochSeconds,
): Evidence {
  const rows: Row[] = []
  const attempts: AttemptFacts[] = []
  // Of these accounting tells all runs now: while it takes a run in it may have shown another.
  const counted = new Set<string>()
  for (const [part, state] of states) {
    if (state.kind !== 'known') continue
    if (state.row !== null) rows.push(state.row)
    if (state.attempts.length > 0) counted.add(part)
    if (state.attempts.length > 1) attempts.push(...state.attempts.map((row) => attemptOf(part, row)))
  }
  const before = question.before
  const tasks = question.parts.kind === 'array' ? taskFacts(states, before) : null
  const started = least(rows.map((row) => row.started)) ?? before?.started ?? null
  const ended = most(rows.map((row) => row.ended)) ?? before?.ended ?? null
  return {
    at: now,
    groups: groupsOf(states),
    started,
    ended,
    facts: factsOf(question, rows, states.size, tasks),
    attempts: [...attempts, ...(before?.attempts ?? []).filter(({ part }) => !counted.has(part))],
    ...(tasks === null ? {} : { tasks }),
    accounting: accountingState(states, look, before),
    ...(before?.assumed === undefined ? {} : { assumed: before.assumed }),
  }
}

/** Of an array of which only some tasks were told of now, a sum over these would pass for one over all. */
function factsOf(
  { parts, before }: Question,
  rows: readonly Row[],
  all: number,
  tasks: TaskFacts | null,
): JobFacts {
  const facts = { ...before?.facts, ...sumFacts(rows.map((row) => row.facts)) }
  return parts.kind !== 'array' || rows.length === 0 || rows.length === all
    ? facts
    : factsOfTasks(facts, tasks ?? undefined, parseIndices(parts.indices))
}

/** What accounting has of each task that is over; of one that it says nothing of now, what it said before. */
function taskFacts(states: ReadonlyMap<string, PartState>, before: Evidence | null): TaskFacts | null {
  const byTask = new Map<number, JobFacts>(before?.tasks === undefined ? [] : fromTaskFacts(before.tasks))
  for (const [part, state] of states) {
    const last = state.kind === 'known' ? state.attempts.at(-1) : undefined
    if (last !== undefined && phaseOf(last.state) === 'over') byTask.set(Number(part), last.facts)
  }
  return toTaskFacts(byTask)
}

function accountingState(
  states: ReadonlyMap<string, PartState>,
  look: Look,
  before: Evidence | null,
): Evidence['accounting'] {
  if (!look.accounting.answered && look.accounting.why === 'off') return 'off'
  // Nobody had anything new to say: what was known stays as it was.
  const carried = [...states.values()].every((state) => state.kind === 'known' && state.row === null)
  if (carried && before !== null) return before.accounting
  if (!look.accounting.answered) return 'pending'
  const complete = [...states.values()].every((state) => {
    const last = state.kind === 'known' ? state.attempts.at(-1) : undefined
    return last !== undefined && phaseOf(last.state) === 'over' && last.ended !== null
  })
  return complete ? 'complete' : 'pending'
}

function attemptOf(part: string, row: Row): AttemptFacts {
  return { part, state: row.state, exit: row.exit, started: row.started, ended: row.ended, facts: row.facts }
}

/** Parts in the same state stand together, in the order in which the states first appear. */
function groupsOf(states: ReadonlyMap<string, PartState>): readonly Group[] {
  const groups = new Map<string, { group: Omit<Group, 'parts'>; parts: string[] }>()
  for (const [part, state] of states) {
    const group: Omit<Group, 'parts'> =
      state.kind === 'known' ? state.group : { state: 'UNKNOWN', reason: state.why, exit: null }
    const key = JSON.stringify([group.state, group.reason, group.exit])
    const found = groups.get(key)
    if (found === undefined) groups.set(key, { group, parts: [part] })
    else found.parts.push(part)
  }
  return [...groups.values()].map(({ group, parts }) => ({
    ...group,
    parts: parts.length === 1 && parts[0] === '' ? '' : compactIndices(parts.map(Number)),
  }))
}

function groupsByPart(question: Question): ReadonlyMap<string, Omit<Group, 'parts'>> {
  const byPart = new Map<string, Omit<Group, 'parts'>>()
  for (const { parts, ...group } of question.before?.groups ?? []) {
    for (const part of parts === '' ? [''] : parseIndices(parts)) byPart.set(String(part), group)
  }
  return byPart
}

function rowsByPart(question: Question, testimony: Testimony): ReadonlyMap<string, readonly Row[]> {
  const byPart = new Map<string, Row[]>()
  if (!testimony.answered) return byPart
  const add = (part: string, row: Row): void => {
    const rows = byPart.get(part)
    if (rows === undefined) byPart.set(part, [row])
    else rows.push(row)
  }
  for (const row of testimony.rows) {
    if (row.job !== question.id) continue
    if (row.folded !== null) for (const index of parseIndices(row.folded)) add(String(index), row)
    else if (question.parts.kind === 'array') {
      if (row.task !== null) add(String(row.task), row)
    } else if (question.parts.kind === 'components') add(String(row.component ?? 0), row)
    else add('', row)
  }
  return byPart
}

function least(values: readonly (number | null)[]): number | null {
  const real = values.filter((value) => value !== null)
  return real.length === 0 ? null : real.reduce((a, b) => Math.min(a, b))
}

function most(values: readonly (number | null)[]): number | null {
  const real = values.filter((value) => value !== null)
  return real.length === 0 ? null : real.reduce((a, b) => Math.max(a, b))
}
