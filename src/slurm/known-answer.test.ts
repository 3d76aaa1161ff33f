import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTold, writeTold } from './known-answer.ts'
import type { Told } from './known-answer.ts'

const lengths = fc.double({ min: 0, max: 2e9, noNaN: true })
const answers: fc.Arbitrary<Told['answer']> = fc.oneof(
  fc.record({
    ok: fc.constant(true as const),
    value: fc.record({ stdout: fc.string({ unit: 'binary' }), stderr: fc.string() }),
  }),
  fc.record({
    ok: fc.constant(false as const),
    failure: fc.oneof(
      fc.record({
        kind: fc.constant('slurm-timeout' as const),
        program: fc.string(),
        seconds: lengths,
      }),
      fc.record({ kind: fc.constant('slurm-error' as const), program: fc.string(), words: fc.string() }),
    ),
  }),
)
const tolds = fc.record({ asked: lengths, took: lengths, busy: fc.nat(), answer: answers })

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.string(), tolds, (question, told) => {
      const read = readTold(writeTold(question, told), question)
      expect(JSON.stringify(read)).toBe(JSON.stringify(told))
    }),
  )
})

test('the answer to another question is none', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), tolds, (one, other, told) => {
      fc.pre(one !== other)
      expect(readTold(writeTold(one, told), other)).toBeNull()
    }),
  )
})

test('no text whatever does harm: it is read as what it should be, or as nothing', () => {
  const whole = fc.record({ question: fc.constant('q'), asked: fc.anything(), took: fc.anything() })
  const near = fc.tuple(whole, fc.anything()).map(([one, answer]) => ({ ...one, busy: 0, answer }))
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    near.map((value) => JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? 0 : one))),
    tolds.map((told) => writeTold('q', told).slice(0, -3)),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const told = readTold(text, 'q')
      if (told !== null) expect(told.asked + told.took + told.busy).toBeGreaterThanOrEqual(0)
    }),
  )
})

test('a part of an answer is none', () => {
  const told: Told = {
    asked: 1,
    took: 1,
    busy: 0,
    answer: { ok: true, value: { stdout: 'one\ntwo\n', stderr: '' } },
  }
  expect(readTold(writeTold('q', told).slice(0, -4), 'q')).toBeNull()
})
