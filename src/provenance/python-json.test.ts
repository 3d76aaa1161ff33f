import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pythonJson, type Json } from './python-json.ts'

/** What Python itself writes for these values. */
function byPython(values: readonly Json[]): readonly string[] {
  const program = [
    'import json, sys',
    'values = json.load(sys.stdin)',
    'json.dump([json.dumps(v, indent=1, sort_keys=True, ensure_ascii=False) for v in values], sys.stdout)',
  ].join('\n')
  const out = execFileSync('python3', ['-c', program], { input: JSON.stringify(values), maxBuffer: 1 << 26 })
  return JSON.parse(out.toString()) as readonly string[]
}

const text = fc.string({ unit: 'grapheme' })
const tree = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc
      .integer({ min: -100_000, max: 100_000 })
      .filter((n) => n % 1000 !== 0)
      .map((n) => n / 1000),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value

test('writes what Python writes, byte for byte', () => {
  const values = fc.sample(tree, 300)
  expect(values.map(pythonJson)).toEqual(byPython(values))
})

test('sorts keys by code point, where JavaScript would not', () => {
  const value = { '\u{1f600}': 1, '\uffee': 2, a: 3 }
  expect([pythonJson(value)]).toEqual(byPython([value]))
})

test('refuses what JSON cannot say', () => {
  expect(() => pythonJson({ n: Number.NaN })).toThrow('NaN')
})
