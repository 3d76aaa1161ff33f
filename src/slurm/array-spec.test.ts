import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseIndices } from '../contract/index-set.ts'
import { readArraySpec } from './array-spec.ts'

test.each([
  ['1-5', 5, 5, null],
  ['7', 1, 7, null],
  ['1,3,7-9:2', 4, 9, null],
  ['0-15%4', 16, 15, 4],
  ['0-15:4%2', 4, 12, 2],
  ['[1-3]', 3, 3, null],
  ['[1-3%2]', 3, 3, 2],
  ['3,1-5,5', 5, 5, null],
  ['0-4000000:2', 2_000_001, 4_000_000, null],
])('%s is %i tasks', (text, count, highest, limit) => {
  expect(readArraySpec(text)).toMatchObject({ count, highest, limit })
})

test.each(['', '5-1', 'x', '1-', '-1', '1-5:0', '1,,2', '1 2', '%4', '0-99999999999', '[1-3', '1-3]'])(
  '%j is no array',
  (text) => {
    expect(readArraySpec(text)).toBeNull()
  },
)

test('counts what Slurm would make, however ranges overlap', () => {
  const range = fc
    .tuple(fc.nat(60), fc.nat(40), fc.integer({ min: 1, max: 7 }))
    .map(([from, length, step]) => `${from}-${from + length}:${step}`)
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 5 }), (ranges) => {
      const indices = parseIndices(ranges.join(','))
      expect(readArraySpec(ranges.join(','))).toMatchObject({
        count: indices.length,
        highest: indices.at(-1),
      })
    }),
  )
})
