import { expect, test } from 'vitest'
import { joinFacts, splitFacts, type AssetFacts } from './asset-facts.ts'

const facts: AssetFacts = {
  name: 'model',
  keys: ['gold', 'silver'],
  code: 'c',
  inputs: ['i1', 'i2'],
  upstream: { corpus: 'u', prices: ['p1', 'p2'] },
  run: 'r1',
}

test('few keys stay together', () => {
  expect(splitFacts(facts)).toEqual({ short: facts, lists: null })
  expect(joinFacts(facts, null)).toEqual(facts)
})

test('many keys go to the lists, with what there is one of a key, and come together again', () => {
  const keys = Array.from({ length: 101 }, (_, i) => `k${i}`)
  const many = { ...facts, keys, inputs: keys, upstream: { corpus: 'u', prices: keys } }
  const { short, lists } = splitFacts(many)
  expect(short).toEqual({ name: 'model', run: 'r1', code: 'c', key_count: 101, upstream: { corpus: 'u' } })
  expect(lists).toEqual({ keys, inputs: keys, upstream: { prices: keys } })
  expect(joinFacts(short, lists)).toEqual(many)
  expect(joinFacts(short, null)).toBeNull()
  expect(joinFacts({ ...short, inputs: 'i' }, null)).toBeNull()
})

test('what is no such thing is none', () => {
  for (const wrong of [null, 1, [], {}, { ...facts, code: 1 }, { ...facts, inputs: ['one'] }]) {
    expect(joinFacts(wrong, null)).toBeNull()
  }
  expect(joinFacts(facts, [])).toBeNull()
  expect(joinFacts({ ...facts, upstream: { a: 1 } }, null)).toBeNull()
})
