import { expect, test } from 'vitest'
import { readDirectives, splitWords } from './script-directives.ts'

// Each pair was tried on sbatch 22.05.8, which shows what it read with -v.
test.each([
  [' --comment=a\\"b -J "q\\"w"', ['--comment=a"b', '-J', 'q"w']],
  [' -e ab"c d"ef', ['-e', 'abc def']],
  [' --comment x\\\\y', ['--comment', 'x\\y']],
  [' --comment="a b"c\\ d', ['--comment=a bc', 'd']],
  [' -J \'single "inside"\'', ['-J', 'single "inside"']],
  [' -e x#y -o z', ['-e', 'x']],
  [' -J "a#b"', ['-J', 'a#b']],
  ['', []],
])('splits %j', (text, words) => {
  expect(splitWords(text)).toEqual(words)
})

test('the magic word is #SBATCH at the start of a line', () => {
  const script =
    '#!/bin/sh\n #SBATCH -J a\n##SBATCH -J b\n#SBATCH--wait\n\t\n#\n#SBATCH -n1\n:\n#SBATCH -n2\n'
  expect(readDirectives(script)).toEqual({ components: [['--wait', '-n1']], foreign: null })
})
