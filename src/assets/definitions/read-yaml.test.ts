import { expect, test } from 'vitest'
import { readYaml } from './read-yaml.ts'
import { problemsIn } from './test-definitions.ts'

test.each<[string, string | Uint8Array, readonly string[]]>([
  ['an empty file', '', ['1:1 empty-file']],
  ['a file of comments', '# nothing\n', ['1:1 empty-file']],
  ['a list at the top', '- a\n', ['1:1 not-a-mapping']],
  ['a text at the top', 'hello\n', ['1:1 not-a-mapping']],
  ['a key that stands twice', 'assets: {}\nassets: {}\n', ['2:1 duplicate-key']],
  ['a tab that indents', 'assets:\n\ta: 1\n', ['2:1 tab-indent']],
  ['two documents', 'assets: {}\n---\nassets: {}\n', ['2:1 several-documents']],
  ['bytes that are no UTF-8', Buffer.from([0x61, 0x3a, 0xff]), ['1:1 not-utf8']],
  ['an alias of nothing', 'assets: *a\n', ['1:1 too-many-aliases']],
  ['an alias of itself', 'assets: &a [*a]\n', ['1:13 too-deep']],
  ['a nesting that no stack bears', '['.repeat(50_000), ['1:1 too-deep']],
  ['a key that would change all objects', 'assets: { __proto__: { run: x } }\n', ['1:11 unknown-key']],
  ['text that is not YAML', 'assets: [\n', ['2:1 yaml-syntax']],
])('%s is told, with its place', async (_, text, problems) => {
  expect(await problemsIn(text)).toEqual(problems)
})

test('aliases that stand for a billion values are refused at once', async () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i}: &l${i} [${`*l${i - 1}, `.repeat(9)}x]`)
  const text = [`l0: &l0 [x]`, ...levels.slice(1)].join('\n')
  expect(await problemsIn(text)).toEqual(['1:1 too-many-aliases'])
})

test('places are those of values, keys, and items of lists, also through an alias', () => {
  const read = readYaml(Buffer.from('a:\n  b: [x, y]\nc: &c { d: 1 }\ne: *c\nf:\n'), 'f')
  if (!read.ok) throw new Error('it is YAML')
  const at = (...path: readonly (string | number)[]): string => {
    const { line, column } = read.value.where(path)
    return `${line}:${column}`
  }
  expect([at('a', 'b', 1), at('a', 'b', 'y'), at('e', 'd'), at('f'), at('nowhere')]).toEqual([
    '2:10',
    '2:10',
    '3:12',
    '5:1',
    '1:1',
  ])
  expect(read.value.where(['a', 'b'], 'key')).toEqual({ file: 'f', line: 2, column: 3 })
})
