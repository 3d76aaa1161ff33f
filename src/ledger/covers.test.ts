import { expect, test } from 'vitest'
import { covers } from './covers.ts'

test.each([
  ['.', 'a/b', true],
  ['a', 'a', true],
  ['a', 'a/b', true],
  ['a', 'ab', false],
  ['r/run-*', 'r/run-1/x', true],
  ['r/run-*', 'r/x', false],
  ['r/**/x', 'r/a/b/x', true],
  ['r/**/x', 'r/x/y', true],
  ['r/*', 'r/.hidden', false],
])('%s covers %s: %s', (declared, path, expected) => {
  expect(covers(declared, path)).toBe(expected)
})
