import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readArraySpec } from './array-spec.ts'
import { compactIndices, parseIndices } from './index-set.ts'

test.each([
  ['1-5', '1-5', null],
  ['7', '7', null],
  ['1,3,7-9:2', '1,3,7,9', null],
  ['0-15%4', '0-15', 4],
  ['0-15:4%2', '0,4,8,12', 2],
  ['[1-3]', '1-3', null],
  ['[1-3%2]', '1-3', 2],
  ['3,1-5,5', '1-5', null],
])('%s', (text, indices, limit) => {
  expect(readArraySpec(text)).toMatchObject({ text: indices, limit })
})

test.each([
  '',
  '5-1',
  'x',
  '1-',
  '-1',
  '1-5:0',
  '1,,2',
  '1 2',
  '%4',
  '0-3%0',
  '0-9%x',
  '0-99999999999',
  '[1-3',
  '1-3]',
])('%j is no array', (text) => {
  expect(readArraySpec(text)).toBeNull()
})

test('what is written compactly reads as the same indices', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300), { minLength: 1 }), (some) => {
      const indices = some.toSorted((a, b) => a - b)
      expect(parseIndices(compactIndices(indices))).toEqual(indices)
    }),
  )
})
