import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keySpace } from './key-space.ts'
import { commandOf, shellSafe } from './run-spec.ts'
import { parseTemplate } from './template.ts'
import { assetIn, problemsIn } from './test-definitions.ts'

test.each([
  ['{metal}', ['<metal>']],
  ['a-{metal}.{day}', ['a-', '<metal>', '.', '<day>']],
  ['{{metal}}', ['{metal}']],
  ['${metal} {"a": {"b": 1}} { print $1; }', ['${metal} {"a": {"b": 1}} { print $1; }']],
  ['{{metal}}{metal}', ['{metal}', '<metal>']],
  ['', []],
])('%s is read as %j', (text, parts) => {
  const read = parseTemplate(text).parts
  expect(read.map((part) => (typeof part === 'string' ? part : `<${part.dimension}>`))).toEqual(parts)
})

const text = `
assets:
  line:
    partitions: { m: [a, b-1] }
    outputs: ["{m}"]
    run: echo "{m}" '{m}' {m} "$WAYBILL_KEY_m" {{m}}
  words:
    partitions: { m: ["$(x) '", b], d: { start: 2026-01, every: 1m } }
    outputs: ["o/{m}-{d}"]
    run: { exec: [tool, "--{m}"], args: [1, "{d}"] }
`

test('a shell line is one word, and its keys reach it also by the environment', async () => {
  const { run, partitions } = await assetIn(text, 'line')
  if (partitions === null) throw new Error('it has partitions')
  const command = commandOf(run, keySpace(partitions, 0).at(1))
  expect(command).toEqual({
    words: ['sh', '-c', `echo "b-1" 'b-1' b-1 "$WAYBILL_KEY_m" {m}`],
    env: { WAYBILL_KEY: 'b-1', WAYBILL_KEY_m: 'b-1' },
  })
  const [program = '', ...args] = command.words
  const ran = spawnSync(program, args, { env: { ...process.env, ...command.env }, encoding: 'utf8' })
  expect(ran.stdout).toBe('b-1 b-1 b-1 b-1 {m}\n')
})

test('words of a program are filled as they are: no shell reads them', async () => {
  const { run, partitions } = await assetIn(text, 'words')
  if (partitions === null) throw new Error('it has partitions')
  const key = keySpace(partitions, Date.parse('2026-03-01') / 1000).at(1)
  expect(commandOf(run, key).words).toEqual(['tool', "--$(x) '", '1', '2026-02'])
  expect(commandOf(run, key).env).toMatchObject({ WAYBILL_KEY: "$(x) '|2026-02" })
})

test.each(['bash', 'python'] as const)('a file that begins like an option is none to %s', (kind) => {
  const { words } = commandOf({ kind, file: '-c.sh', args: [] }, null)
  expect(words.at(-1)).toBe('./-c.sh')
})

test('a key that shell code could misread is refused where it stands in shell code', async () => {
  const unsafe = 'assets: { a: { partitions: { m: ["$(rm x)"] }, outputs: ["{m}"], run: "echo {m}" } }'
  expect(await problemsIn(unsafe)).toEqual(['1:71 key-not-shell-safe'])
  expect(await problemsIn(unsafe.replace('echo {m}', 'echo $WAYBILL_KEY_m'))).toEqual([])
})

test('what is safe means itself in every kind of quotes', () => {
  const safe = fc.string({ maxLength: 8 }).filter(shellSafe)
  fc.assert(
    fc.property(safe, (key) => {
      const ran = spawnSync('sh', ['-c', `printf %s "${key}" '${key}' ${key}`], { encoding: 'utf8' })
      expect(ran.stdout).toBe(key.repeat(3))
    }),
    { numRuns: 30 },
  )
})
