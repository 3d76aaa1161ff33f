import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SchedulerJobId } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { Look, Row, Testimony } from '../contract/scheduler.ts'
import type { Evidence, Parts } from './evidence.ts'
import { weigh } from './outcome.ts'

const id = '7' as SchedulerJobId
const off: Testimony = { answered: false, why: 'off', message: 'no accounting' }
const silent: Testimony = { answered: false, why: 'failed', message: 'timed out' }
const says = (...rows: Row[]): Testimony => ({ answered: true, rows })

function row(state: string, more: Partial<Row> = {}): Row {
  const exit = state === 'COMPLETED' ? { code: 0, signal: 0 } : null
  const base = { job: id, cluster: null, task: null, folded: null, component: null, reason: null, user: null }
  return { ...base, state, exit, submitted: 1, started: 2, ended: 3, facts: {}, ...more }
}

function judge(look: Look, parts: Parts = { kind: 'single' }, before: Evidence | null = null) {
  return weigh({ id, parts, before }, look, 100)
}

const array: Parts = { kind: 'array', indices: '0-3' }

test.each([
  'PENDING',
  'CONFIGURING',
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'RESIZING',
  'REQUEUED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
  'STAGE_OUT',
  'SIGNALING',
  'STOPPED',
  'A_STATE_OF_TOMORROW',
])('%s is not an end, whatever accounting says', (state) => {
  const { verdict } = judge({ queue: says(row(state)), accounting: says(row('COMPLETED')) })
  expect(['pending', 'running']).toContain(verdict.kind)
})

test('a preempted attempt that waits again is open', () => {
  const look = {
    queue: says(row('PENDING', { reason: 'BeginTime' })),
    accounting: says(row('PREEMPTED'), row('PENDING', { submitted: 9 })),
  }
  expect(judge(look).verdict).toEqual({ kind: 'pending' })
})

test('a preempted attempt that nobody started again is an end', () => {
  expect(judge({ queue: says(), accounting: says(row('PREEMPTED')) }).verdict).toEqual({
    kind: 'ended',
    how: 'failed',
  })
})

test('an end in accounting says nothing while the queue is silent', () => {
  expect(judge({ queue: silent, accounting: says(row('COMPLETED')) }).verdict.kind).toBe('unanswered')
})

test('what accounting has not heard yet is taken from the queue', () => {
  const look = {
    queue: says(row('COMPLETED', { ended: 9 })),
    accounting: says(row('COMPLETED', { ended: null })),
  }
  expect(judge(look).evidence).toMatchObject({ ended: 9, accounting: 'pending' })
})

test('no row anywhere is not success', () => {
  expect(judge({ queue: says(), accounting: says() }).verdict.kind).toBe('unknown')
  expect(judge({ queue: says(), accounting: off }).verdict.kind).toBe('unknown')
  expect(judge({ queue: says(), accounting: silent }).verdict.kind).toBe('unanswered')
})

test('a job that accounting calls running and the queue forgot is unknown', () => {
  expect(judge({ queue: says(), accounting: says(row('RUNNING')) }).verdict.kind).toBe('unknown')
})

test('an end that was seen stays known when the queue has forgotten the job', () => {
  const { evidence } = judge({ queue: says(row('COMPLETED')), accounting: off })
  expect(judge({ queue: says(), accounting: off }, { kind: 'single' }, evidence).verdict).toEqual({
    kind: 'ended',
    how: 'completed',
  })
})

test('an end that nobody was asked about again stays as it was known, and so does what accounting had said', () => {
  const notAsked: Testimony = { answered: false, why: 'not-asked', message: '' }
  const rows = [0, 1, 2, 3].map((task) => row(task === 2 ? 'FAILED' : 'COMPLETED', { task }))
  const { evidence } = judge({ queue: says(), accounting: says(...rows) }, array)
  expect(evidence.accounting).toBe('complete')
  for (const accounting of [notAsked, says()]) {
    const again = judge({ queue: says(), accounting }, array, evidence)
    expect(again.verdict).toEqual({ kind: 'ended', how: 'failed' })
    expect(again.evidence).toEqual(evidence)
  }
  const seen = judge({ queue: says(row('COMPLETED')), accounting: notAsked })
  expect(seen.evidence.accounting).toBe('pending')
  const gone = judge({ queue: says(), accounting: off }, { kind: 'single' }, seen.evidence)
  expect(gone.evidence.accounting).toBe('off')
})

test('a job requeued after its end was seen is open again', () => {
  const { evidence } = judge({ queue: says(row('FAILED')), accounting: off })
  expect(
    judge({ queue: says(row('PENDING')), accounting: off }, { kind: 'single' }, evidence).verdict,
  ).toEqual({ kind: 'pending' })
})

test('an array is over when every task is', () => {
  const rows = [0, 1, 2].map((task) => row('COMPLETED', { task }))
  expect(judge({ queue: says(), accounting: says(...rows) }, array).verdict.kind).toBe('unknown')
  const folded = row('PENDING', { folded: '3' })
  expect(judge({ queue: says(folded), accounting: says(...rows) }, array).verdict).toEqual({
    kind: 'running',
  })
  const bad = row('TIMEOUT', { task: 3 })
  const { verdict, evidence } = judge({ queue: says(), accounting: says(...rows, bad) }, array)
  expect(verdict).toEqual({ kind: 'ended', how: 'failed' })
  expect(evidence.groups.map((group) => [group.parts, group.state])).toEqual([
    ['0-2', 'COMPLETED'],
    ['3', 'TIMEOUT'],
  ])
})

test('rows of another job count for nothing', () => {
  const look = { queue: says(row('COMPLETED', { job: '8' as SchedulerJobId })), accounting: off }
  expect(judge(look).verdict.kind).toBe('unknown')
})

test('the attempts of a requeued job are kept', () => {
  const attempts = [row('NODE_FAIL', { submitted: 1 }), row('COMPLETED', { submitted: 9 })]
  const { evidence } = judge({ queue: says(), accounting: says(...attempts) })
  expect(evidence.attempts.map((attempt) => attempt.state)).toEqual(['NODE_FAIL', 'COMPLETED'])
  expect(evidence.accounting).toBe('complete')
})

test('what accounting showed as two runs while it took one in is one', () => {
  const torn = [row('RUNNING', { submitted: 1 }), row('PENDING', { submitted: 1 })]
  const { evidence: before } = judge({ queue: says(row('COMPLETED')), accounting: says(...torn) })
  expect(before.attempts).toHaveLength(2)
  const { evidence } = judge({ queue: says(), accounting: says(row('COMPLETED')) }, undefined, before)
  expect(evidence.attempts).toEqual([])
})

const words = ['PENDING', 'RUNNING', 'COMPLETING', 'COMPLETED', 'FAILED', 'REQUEUED', 'PREEMPTED', 'LOST']
const testimony = fc.oneof(
  fc.constant(off),
  fc.constant(silent),
  fc
    .array(fc.record({ state: fc.constantFrom(...words), task: fc.nat(3) }), { maxLength: 6 })
    .map((rows) => says(...rows.map(({ state, task }) => row(state, { task })))),
)

test('a job never ends without a witness of every task being over', () => {
  fc.assert(
    fc.property(testimony, testimony, (queue, accounting) => {
      const { verdict } = judge({ queue, accounting }, array)
      if (verdict.kind !== 'ended') return
      for (const task of [0, 1, 2, 3]) {
        const rows = [queue, accounting].flatMap((said) => (said.answered ? said.rows : []))
        expect(rows.some((seen) => seen.task === task && phaseOf(seen.state) === 'over')).toBe(true)
      }
    }),
  )
})

test('of an array, each task that accounting knows to be over keeps its facts, and sums are over all tasks or none', () => {
  const over = (task: number, node_seconds: number): Row =>
    row('COMPLETED', { task, facts: { node_seconds, nodes: 1 } })
  const parts: Parts = { kind: 'array', indices: '0-1' }
  const first = judge({ queue: says(), accounting: says(over(0, 3), over(1, 4)) }, parts).evidence
  expect(first.tasks).toEqual({ tasks: '0-1', node_seconds: '3 4' })
  expect(first.facts).toEqual({ nodes: 1, node_seconds: 7, parts: 2 })

  // Accounting has lost one since; what it said of it stays.
  const look: Look = { queue: says(), accounting: says(over(1, 5)) }
  const later = judge(look, parts, first).evidence
  expect(later.tasks).toEqual({ tasks: '0-1', node_seconds: '3 5' })
  expect(later.facts).toEqual({ nodes: 1, node_seconds: 8, parts: 2 })

  const { tasks: _tasks, ...untold } = first
  expect(judge(look, parts, untold).evidence.facts).toEqual({ nodes: 1 })
})
