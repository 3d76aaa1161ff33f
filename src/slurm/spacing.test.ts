import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Told } from './known-answer.ts'
import { askAgainAt, isBusy, nextMove } from './spacing.ts'
import type { Need } from './spacing.ts'

const good: Told['answer'] = { ok: true, value: { stdout: '', stderr: '' } }
const told = (more: Partial<Told> = {}): Told => ({ asked: 100, took: 0, busy: 0, answer: good, ...more })
const failed = (words: string): Told['answer'] => ({
  ok: false,
  failure: { kind: 'slurm-error', program: 'squeue', words },
})

test.each([
  [{ took: 0.01 }, 100.01],
  [{ took: 0.5 }, 100.5],
  [{ took: 1 }, 111],
  [{ took: 5 }, 155],
  [{ took: 25 }, 185],
  [{ took: 4, busy: 1, answer: failed('') }, 106],
  [{ took: 4, busy: 3, answer: failed('') }, 112],
  [{ took: 4, busy: 60, answer: failed('') }, 164],
  // A rate limit beside a good answer calls for a rest too.
  [{ took: 0.1, busy: 2 }, 104.1],
  // A controller that is not there is not busy.
  [{ took: 9, answer: failed('connect failure') }, 109],
])('after %j it is asked again at %d', (more, at) => {
  expect(askAgainAt(told(more))).toBeCloseTo(at)
})

test.each([
  'slurm_load_jobs error: Socket timed out on send/recv operation',
  'slurm_load_jobs error: Zero Bytes were transmitted or received',
  'slurm_load_jobs error: Rate limit exceeded, please retry momentarily',
  'squeue: RPC rate limited 3 time(s). Sleeping then trying again.',
  'slurm_load_jobs error: Resource temporarily unavailable',
])('%j is said by a busy Slurm', (words) => {
  expect(isBusy(failed(words))).toBe(true)
  expect(isBusy({ ok: true, value: { stdout: '', stderr: words } })).toBe(true)
})

test('our own deadline counts as busy, a controller that is away and a wrong option do not', () => {
  expect(isBusy({ ok: false, failure: { kind: 'slurm-timeout', program: 'squeue', seconds: 30 } })).toBe(true)
  const away = 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)'
  expect(isBusy(failed(away))).toBe(false)
  expect(isBusy(failed("squeue: unrecognized option '--x'"))).toBe(false)
  expect(isBusy(good)).toBe(false)
})

const times = fc.double({ min: 0, max: 300, noNaN: true })
const tolds = fc.record({
  asked: times,
  took: fc.double({ min: 0, max: 40, noNaN: true }),
  busy: fc.nat(8),
  answer: fc.constantFrom(good, failed('Socket timed out on send/recv')),
})
const needs: fc.Arbitrary<Need> = fc.record({
  since: times,
  meanwhile: fc.constantFrom<Need['meanwhile'][]>('wait', 'last', 'nothing'),
})

test('nobody asks before the time has come, nor waits longer than a minute and the answer', () => {
  fc.assert(
    fc.property(tolds, needs, fc.option(times), times, (known, need, cleared, now) => {
      const move = nextMove(known, need, cleared, now)
      if (known.asked > now) expect(move.kind).toBe('ask')
      else if (now < askAgainAt(known)) expect(move.kind).not.toBe('ask')
      if (move.kind === 'wait' || move.kind === 'do-without') {
        expect(move.until).toBeGreaterThan(now)
        expect(move.until - now).toBeLessThanOrEqual(known.took + 60.001)
      }
    }),
  )
})

test('an answer is taken that is new enough; an older one only where it is all that may be had', () => {
  fc.assert(
    fc.property(tolds, needs, fc.option(times), times, (known, need, cleared, now) => {
      const move = nextMove(known, need, cleared, now)
      if (move.kind !== 'take') return
      expect(move.told.asked).toBeGreaterThan(cleared ?? -1)
      if (need.meanwhile !== 'last') expect(move.told.asked).toBeGreaterThanOrEqual(need.since)
      else if (move.told.asked < need.since) expect(now).toBeLessThan(askAgainAt(known))
    }),
  )
})

test('what nobody knows is asked', () => {
  expect(nextMove(null, { since: 0, meanwhile: 'last' }, null, 5).kind).toBe('ask')
})
