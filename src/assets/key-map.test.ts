import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keysOf, type ListedKeys, type Partitions } from './definitions/key-space.ts'
import type { TimeWindows } from './definitions/time-window.ts'
import { mapKeys, spaceOf } from './key-map.ts'

const now = Date.parse('2026-01-05T00:00:00Z') / 1000

function list(...keys: readonly string[]): ListedKeys {
  return { kind: 'list', keys, indexOf: new Map(keys.map((key, i) => [key, i])) }
}
const days = (start: string): TimeWindows => ({
  kind: 'time',
  every: { count: 1, unit: 'd' },
  start: Date.parse(`${start}T00:00:00Z`) / 1000,
  end: null,
})

/** For each key the texts of those that it is made of. */
function told(of: Partitions | null, upstream: Partitions | null): Record<string, readonly string[]> {
  const [own, other] = [spaceOf(of, now), spaceOf(upstream, now)]
  const map = mapKeys(of, upstream, now)
  return Object.fromEntries(
    [...keysOf(own)].map(({ text }, i) => {
      const group = map.groupOf(i)
      return [text, group < 0 ? [] : [...map.upstreamOf(group)].map((at) => other.at(at).text)]
    }),
  )
}

test('dimensions of one name match by value', () => {
  const a: Partitions = new Map([['m', list('x', 'y', 'z')]])
  const b: Partitions = new Map([['m', list('y', 'x')]])
  expect(told(a, b)).toEqual({ x: ['x'], y: ['y'], z: [] })
  expect(told(a, null)).toEqual({ x: [''], y: [''], z: [''] })
  expect(told(null, b)).toEqual({ '': ['y', 'x'] })
  expect(told(null, null)).toEqual({ '': [''] })
})

test('of what upstream alone has, all; what it lacks makes no difference', () => {
  const a: Partitions = new Map([
    ['m', list('x', 'y')],
    ['only', list('1', '2')],
  ])
  const b: Partitions = new Map<string, ListedKeys | TimeWindows>([
    ['day', days('2026-01-03')],
    ['m', list('x', 'y')],
  ])
  expect(told(a, b)).toEqual({
    'x|1': ['2026-01-03|x', '2026-01-04|x'],
    'x|2': ['2026-01-03|x', '2026-01-04|x'],
    'y|1': ['2026-01-03|y', '2026-01-04|y'],
    'y|2': ['2026-01-03|y', '2026-01-04|y'],
  })
  expect(told(new Map([['day', days('2026-01-02')]]), b)).toEqual({
    '2026-01-02': [],
    '2026-01-03': ['2026-01-03|x', '2026-01-03|y'],
    '2026-01-04': ['2026-01-04|x', '2026-01-04|y'],
  })
})

test('it is what comparing all values with all would give', () => {
  const dimension = fc.uniqueArray(fc.constantFrom('p', 'q', 'r', 's'), { minLength: 1, maxLength: 4 })
  const partitions = fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), dimension), {
      selector: ([name]) => name,
      maxLength: 3,
    })
    .map((entries): Partitions => new Map(entries.map(([name, keys]) => [name, list(...keys)])))
  fc.assert(
    fc.property(partitions, partitions, (of, upstream) => {
      const others = [...keysOf(spaceOf(upstream, now))]
      const expected = Object.fromEntries(
        [...keysOf(spaceOf(of, now))].map(({ text, values }) => [
          text,
          others
            .filter((one) => Object.entries(one.values).every(([name, v]) => (values[name] ?? v) === v))
            .map((one) => one.text),
        ]),
      )
      expect(told(of, upstream)).toEqual(expected)
    }),
  )
})

test('100,000 keys cost next to nothing', () => {
  const many: Partitions = new Map([['m', list(...Array.from({ length: 100_000 }, (_, i) => `${i}`))]])
  const map = mapKeys(many, many, now)
  let sum = 0
  for (let i = 0; i < 100_000; i++) for (const at of map.upstreamOf(map.groupOf(i))) sum += at - i
  expect(sum).toBe(0)
  expect([...mapKeys(null, many, now).upstreamOf(0)]).toHaveLength(100_000)
})
