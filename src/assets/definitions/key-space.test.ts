import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keySpace, keysOf, readKey } from './key-space.ts'
import { readPartitions } from './read-partitions.ts'
import { selectKeys } from './select-keys.ts'
import type { WrittenDimension } from './written.ts'

const now = Date.parse('2026-03-02T05:30:00Z') / 1000

function spaceOf(written: Readonly<Record<string, WrittenDimension>>) {
  const partitions = readPartitions(written, [], (problem) => {
    throw new Error(JSON.stringify(problem))
  })
  if (partitions === null) throw new Error('no partitions')
  return keySpace(partitions, now)
}

function textsOf(written: Readonly<Record<string, WrittenDimension>>): readonly string[] {
  return [...keysOf(spaceOf(written))].map(({ text }) => text)
}

test('one dimension: its values; several: the last runs fastest', () => {
  expect(textsOf({ metal: ['gold', 'silver'] })).toEqual(['gold', 'silver'])
  expect(textsOf({ metal: ['gold', 'silver'], n: [1, 2] })).toEqual([
    'gold|1',
    'gold|2',
    'silver|1',
    'silver|2',
  ])
})

test.each<[string, string, string | undefined, readonly string[]]>([
  ['1d', '2026-02-27', undefined, ['2026-02-27', '2026-02-28', '2026-03-01']],
  ['1d', '2026-02-27', '2026-03-01', ['2026-02-27', '2026-02-28']],
  ['1w', '2026-02-09', undefined, ['2026-02-09', '2026-02-16', '2026-02-23']],
  ['1m', '2025-12', undefined, ['2025-12', '2026-01', '2026-02']],
  ['3m', '2025-07-01', undefined, ['2025-07', '2025-10']],
  ['1h', '2026-03-02T03', undefined, ['2026-03-02T03', '2026-03-02T04']],
  ['6h', '2026-03-01T12', undefined, ['2026-03-01T12', '2026-03-01T18']],
  ['1d', '2026-03-02', undefined, []],
  ['1d', '2027-01-01', undefined, []],
])('windows of %s from %s to %s that have ended', (every, start, end, keys) => {
  expect(textsOf({ t: { every, start, ...(end === undefined ? {} : { end }) } })).toEqual(keys)
})

test('100,000 keys and more are not expanded to be counted or looked up', () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => i)
  const space = spaceOf({ a: numbers, b: numbers })
  expect(space.count).toBe(1_000_000)
  expect(space.at(999_999).text).toBe('999|999')
  expect(space.indexOf('999|999')).toBe(999_999)
  expect(selectKeys(space, '0|0..999|999', now)).toEqual({ ok: true, value: [{ from: 0, to: 999_999 }] })
})

test('every key is found again where it is, whatever the dimensions', () => {
  const value = fc.stringMatching(/^[A-Za-z0-9_ ü*-]{1,6}$/).filter((text) => text === text.trim())
  const list = fc.uniqueArray(fc.oneof(value, fc.nat().map(String)), { minLength: 1, maxLength: 5 })
  const window = fc.record({
    start: fc.constantFrom('2026-01-01', '2025-07-01'),
    every: fc.constantFrom('1d', '1w', '1m', '12h', '2m'),
  })
  const dimensions = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.oneof(list, window), {
    minKeys: 1,
    maxKeys: 3,
  })
  fc.assert(
    fc.property(dimensions, fc.nat(), (written, n) => {
      const space = spaceOf(written)
      const index = n % space.count
      const key = space.at(index)
      expect(space.indexOf(key.text)).toBe(index)
      expect(readKey(space.partitions, key.text)).toEqual(key)
    }),
  )
})

test('ranges and lists of keys, in order and without what they share', () => {
  const space = spaceOf({ t: { start: '2026-01-01', every: '1d' } })
  expect(selectKeys(space, '2026-01-03, 2026-01-01..2026-01-02,2026-01-10', now)).toEqual({
    ok: true,
    value: [
      { from: 0, to: 2 },
      { from: 9, to: 9 },
    ],
  })
  expect(selectKeys(space, '2026-01-03..2026-01-01', now)).toMatchObject({
    failure: { kind: 'range-backwards' },
  })
  expect(selectKeys(space, '2026-01-01..2026-01-02..2026-01-03', now)).toMatchObject({
    failure: { kind: 'no-such-key', key: '2026-01-01..2026-01-02..2026-01-03' },
  })
})

test('a key that is none: the nearest is named', () => {
  const days = spaceOf({ t: { start: '2026-01-01', every: '1d' } })
  expect(selectKeys(days, '2026-05-01', now)).toEqual({
    ok: false,
    failure: {
      kind: 'no-such-key',
      key: '2026-05-01',
      nearest: '2026-03-01',
      count: 60,
      ends: ['2026-01-01', '2026-03-01'],
    },
  })
  const metals = spaceOf({ metal: ['gold', 'silver'], n: [1, 2] })
  expect(selectKeys(metals, 'glod|1', now)).toMatchObject({ failure: { nearest: 'gold|1' } })
  expect(selectKeys(metals, 'iron', now)).toMatchObject({ failure: { nearest: null } })
})
