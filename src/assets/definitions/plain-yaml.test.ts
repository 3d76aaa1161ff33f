import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { readPlainYaml } from './plain-yaml.ts'

const plain = `# a comment
sites:
  here: { scheduler: local }
  cluster: { scheduler: slurm, defaults: { partition: batch, time: "02:00:00" } }
assets:
  corpus:   { outputs: [data/corpus], run: bash scripts/fetch.sh }

  model:
    needs: [corpus, 'b c']
    inputs:
      - config/train.toml
      - "x{k}"
    run: { python: train.py, args: ["--metal", "{metal}"] }
    resources: { cpus: 8, memory: 32G }
    checks: { a: { blocking: true } }
    description: One classifier per metal
    tags: []
`

test('definitions as people write them are read', () => {
  const read = readPlainYaml(plain)
  expect(read).toEqual(parseDocument(plain).toJS())
  expect(read).toMatchObject({ assets: { model: { resources: { cpus: 8, memory: '32G' } } } })
})

test.each([
  'a: 1\na: 2\n',
  'a: { b: 1, b: 2 }',
  'a: &x 1\nb: *x',
  'a: |\n  text\n',
  'a: some\n  more\n',
  'a:\n',
  'a: no\n',
  'a: 1.5\n',
  'a: 0x1f\n',
  'a: "\\n"\n',
  "a: 'it''s'\n",
  'a: b # comment\n',
  'a: b: c\n',
  'a:\t1\n',
  'a: [b\n',
  'a: [b, ]\n',
  'a: {b: 1}x\n',
  '__proto__: { a: 1 }\n',
  '? a\n: b\n',
  '---\na: 1\n',
  'a: 1\n---\nb: 2\n',
  'a:\n- b\n',
  'a:\n    b: 1\n  c: 2\n',
  'a: {b:1}\n',
  '- a: 1\n',
  'a: b\u00a0\n',
  'a: 1\n\u00a0b: 2\n',
  'a: { b: c\u3000}\n',
  '',
])('what is more than plain, or wrong, is left to the other reader: %j', (text) => {
  expect(readPlainYaml(text)).toBeUndefined()
})

test('whatever it reads, the other reader reads so too', () => {
  const word = fc.constantFrom(
    ...'a|b-c|x y|true|no|1|01|1e3|.5|-|- a|"q"|\'s\'|"|#|a#b|a: b|a:b|{|}|[|]|,|{ a: 1 }|[a, b]|{a: [1, "x"]}|*a|&a|!t|%|@|`|\\|é|~|..'.split(
      '|',
    ),
    '|',
  )
  const line = fc
    .tuple(
      fc.nat(3),
      fc.constantFrom('a: ', 'b:', 'c:', 'd:  ', '- ', '', '#'),
      fc.array(word, { maxLength: 3 }),
      fc.constantFrom('', ' '),
    )
    .map(([indent, start, words, end]) => `${'  '.repeat(indent)}${start}${words.join(' ')}${end}`)
  let read = 0
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const text = lines.join('\n')
      const found = readPlainYaml(text)
      if (found === undefined) return
      read++
      const document = parseDocument(text)
      expect(document.errors).toEqual([])
      expect(found).toEqual(document.toJS())
    }),
    { numRuns: 20_000 },
  )
  expect(read).toBeGreaterThan(20)
})
