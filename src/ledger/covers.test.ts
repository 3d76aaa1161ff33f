import { expect, test } from 'vitest'
import { covers, coversAny } from './covers.ts'

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

test('many are told from the rest as one by one', () => {
  const declared = ['a', 'a/b*', 'a', 'r/run-*', 'r/**/x', '*/top', 'deep/er/still', 'a/*']
  const paths = [
    'a',
    'a/b',
    'ab',
    'r/run-1/x',
    'r/a/b/x',
    'r/y',
    'z/top',
    'z/x/top',
    'deep/er',
    'deep/er/still/x',
    'a/',
  ]
  for (const list of [
    declared,
    declared.slice(3),
    ['.'],
    [],
    ['a/b*', 'a'],
    ['a', 'a/b*'],
    ['r/x', 'r/x/*'],
  ]) {
    const any = coversAny(list)
    for (const path of paths)
      expect(any(path), `${path} in ${list.join()}`).toBe(list.some((one) => covers(one, path)))
  }
})
