import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinWords, quoteWord, splitLine } from './shell-words.ts'

const word = fc.string({
  unit: fc.constantFrom('a', 'B', '1', ' ', "'", '"', '\\', '$', '*', 'ü', '\n', '-', '{', '='),
})

test('what is joined is split into the same words, by us and by a shell', () => {
  const lists = fc.sample(fc.array(word, { minLength: 2, maxLength: 5 }), 60)
  const lines = lists.map((list) => list.map(quoteWord).join(' '))
  for (const [i, line] of lines.entries()) expect(splitLine(line)).toEqual({ kind: 'words', words: lists[i] })
  const script = lines.map((line) => `printf '%s\\0' ${line}; printf '\\1'`).join('\n')
  const shown = execFileSync('sh', ['-c', script]).toString().split('\u0001').slice(0, -1)
  expect(shown.map((text) => text.split('\0').slice(0, -1))).toEqual(lists)
})

test("quotes as Python's shlex.quote does", () => {
  const words = fc.sample(word, 100).map((text) => text.replaceAll('\n', ' '))
  const program =
    'import json, shlex, sys; json.dump([shlex.quote(w) for w in json.load(sys.stdin)], sys.stdout)'
  const out = execFileSync('python3', ['-c', program], { input: JSON.stringify(words) }).toString()
  expect(words.map(quoteWord)).toEqual(JSON.parse(out))
})

test('one word stays as it is, and placeholders stay bare', () => {
  expect(joinWords(['a > b | c'])).toBe('a > b | c')
  expect(joinWords(['cat', '{inputs}', '{outputs[0]}', 'a b'])).toBe("cat {inputs} {outputs[0]} 'a b'")
})

test('an indexed placeholder stands outside the quotes of its word, and is no wildcard', () => {
  const words = ['cp', 'a b/{inputs[0]}.x y', '{outputs[1]}', '{{inputs[0]}}']
  const line = "cp 'a b/'{inputs[0]}'.x y' {outputs[1]} '{{inputs[0]}}'"
  expect(joinWords(words)).toBe(line)
  expect(splitLine(line)).toEqual({ kind: 'words', words })
})

test.each([
  ['sbatch job.sh | tee x', '|'],
  ['sbatch $HOME/job.sh', '$'],
  ['sbatch "$HOME/job.sh"', '$'],
  ['sbatch `which x`', '`'],
  ['sbatch *.sh', '*'],
  ['sbatch a.sh > log', '>'],
  ['cd x; sbatch a.sh', ';'],
])('%s needs a shell', (line, construct) => {
  expect(splitLine(line)).toEqual({ kind: 'needs-shell', construct })
})

test('an open quote is said', () => {
  expect(splitLine("sbatch 'a")).toEqual({ kind: 'unfinished', quote: "'" })
})
