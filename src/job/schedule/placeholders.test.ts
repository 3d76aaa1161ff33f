import { expect, test } from 'vitest'
import { fillPaths, fillWords } from './placeholders.ts'

const values = { inputs: ['a b.txt', 'c.txt'], outputs: ['out'], pwd: '/data/set', subject: 's 1' }

test('a word that is one placeholder becomes one word a file', () => {
  expect(fillWords(['cat', '{inputs}', '{outputs[0]}/x'], values)).toEqual({
    ok: true,
    value: ['cat', 'a b.txt', 'c.txt', 'out/x'],
  })
})

test('a list may be longer than a call has room for', () => {
  const inputs = Array.from({ length: 200_000 }, (_, i) => `${i}`)
  expect(fillWords(['x', '{inputs}'], { ...values, inputs })).toEqual({ ok: true, value: ['x', ...inputs] })
})

test('a whole shell line gets quoted file names, but substitutions as they are', () => {
  expect(fillWords(['cat {inputs} > {outputs}/{subject}'], values)).toEqual({
    ok: true,
    value: ["cat 'a b.txt' c.txt > out/s 1"],
  })
})

test('doubled braces are braces', () => {
  expect(fillWords(['awk', '{{print $1}}'], values)).toEqual({ ok: true, value: ['awk', '{print $1}'] })
})

test.each([
  ['{print $1}', 'unknown-placeholder'],
  ['{inputs[7]}', 'unknown-placeholder'],
  ['{pwd[0]}', 'unknown-placeholder'],
  ['{inputs', 'lone-brace'],
  ['inputs}', 'lone-brace'],
])('%s is refused', (text, kind) => {
  expect(fillWords(['x', text], values)).toMatchObject({ ok: false, failure: { kind } })
})

test('an output list that is one list placeholder takes that list', () => {
  expect(fillPaths(['{inputs}'], values)).toEqual({ ok: true, value: ['a b.txt', 'c.txt'] })
  expect(fillPaths(['r/{subject}', 'q'], values)).toEqual({ ok: true, value: ['r/s 1', 'q'] })
})
