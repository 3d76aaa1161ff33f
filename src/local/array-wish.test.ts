import { expect, test } from 'vitest'
import { parseArrayWish } from './array-wish.ts'

test.each([
  ['0-3', [0, 1, 2, 3], null],
  ['1,3,7-9:2%2', [1, 3, 7, 9], 2],
  ['5', [5], null],
  ['3,1,1-2%1', [1, 2, 3], 1],
] as const)('reads %s', (text, indices, limit) => {
  expect(parseArrayWish(text)).toEqual({ ok: true, value: { indices, limit } })
})

test.each(['', 'x', '3-1', '1-2:0', '0-3%0', '1,,2', '%3', '-1', '0-9%x', '0-99999999999'])(
  'refuses %j',
  (text) => {
    expect(parseArrayWish(text)).toEqual({ ok: false, failure: expect.stringMatching(/array/) })
  },
)
