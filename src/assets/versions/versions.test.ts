import fc from 'fast-check'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { codeWords } from '../definitions/code-words.ts'
import type { Asset, Site } from '../definitions/definitions.ts'
import { parseTemplate } from '../definitions/template.ts'
import { assetIn } from '../definitions/test-definitions.ts'
import { mapKeys } from '../key-map.ts'
import { codeVersionOf, codeVersions } from './code-version.ts'
import { namedFiles, pathOfNamed } from './named-files.ts'
import { joinedVersion, upstreamVersions } from './upstream-versions.ts'
import { perKey, versionAt, versionOf } from './version.ts'

const site: Site = {
  name: 'here',
  scheduler: 'local',
  defaults: { resources: { cpus: 3 }, slurm: new Map() },
}
const base = `
    outputs: ["o/{metal}"]
    partitions: { metal: [gold, tin] }
    run: { exec: [fit, "{metal}"] }
    env: { SEED: "7" }
    extras: { depth: 3, more: { a: 1, b: 2 } }`

async function model(text: string): Promise<Asset> {
  return assetIn(
    `sites: { here: { scheduler: local }, there: { scheduler: local } }
defaultSite: here
assets:
  model:${text}
`,
    'model',
  )
}

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((one) => rmSync(one, { recursive: true })))

test('texts in a list make a version, and no other list does', () => {
  const lists = fc.array(fc.string())
  fc.assert(
    fc.property(lists, lists, (a, b) => {
      expect(versionOf(a)).toMatch(/^[0-9a-f]{16}$/)
      expect(versionOf(a) === versionOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
  expect(perKey(['a', 'a'])).toBe('a')
  expect(perKey(['a', 'b'])).toEqual(['a', 'b'])
  expect([versionAt('a', 7), versionAt(['a', 'b'], 1)]).toEqual(['a', 'b'])
})

test('command, files, environment and extras are code; resources and options are not', async () => {
  const of = async (text: string, contents: readonly (readonly [string, string])[] = []): Promise<string> =>
    codeVersionOf(await model(text), site, null, ['fit'], new Map(contents))
  const same = await of(base)
  expect(await of(`${base}\n    resources: { cpus: 9 }\n    description: Other\n    tags: [x]`)).toBe(same)
  expect(await of(base.replace('a: 1, b: 2', 'b: 2, a: 1'))).toBe(same)
  for (const other of [
    base.replace('[fit', '[fot'),
    base.replace('exec: [fit, "{metal}"]', 'exec: [fit, "{metal}", ""]'),
    base.replace('"7"', '"8"'),
    base.replace('depth: 3', 'depth: 4'),
    `${base}\n    sites: { here: { env: { MORE: "1" } } }`,
  ])
    expect(await of(other)).not.toBe(same)
  expect(await of(`${base}\n    sites: { there: { env: { MORE: "1" } } }`)).toBe(same)
  expect(await of(base, [['fit', 'blob 1']])).not.toBe(same)
})

test('only keys with an environment of their own have a version of their own', async () => {
  const space = { count: 2, indexOf: (text: string) => ['gold', 'tin'].indexOf(text) }
  const of = async (more: string): Promise<unknown> =>
    codeVersions(await model(`${base}\n    keys: { tin: ${more} }`), site, space, [], new Map())
  const common = codeVersionOf(await model(base), site, null, [], new Map())
  expect(await of('{ resources: { cpus: 9 } }')).toBe(common)
  expect(await of('{ env: { SEED: "7" } }')).toBe(common)
  expect(await of('{ env: { SEED: "8" } }')).toEqual([common, expect.not.stringMatching(common)])
})

test('words that are files are named; what is made or an input is data', async () => {
  const root = mkdtempSync(join(tmpdir(), 'waybill-named-'))
  folders.push(root)
  const folder = join(root, 'sub')
  for (const file of [
    'run.sh',
    'conf/a.toml',
    'conf/b.toml',
    'out/made.csv',
    'in/data.csv',
    'plain',
    'dir.d/x',
  ]) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  writeFileSync(join(root, 'above.sh'), '')
  const asset = (run: Asset['run']): Asset =>
    ({
      name: 'a',
      run,
      inputs: [parseTemplate('sub/in/*.csv')],
      outputs: [parseTemplate('sub/out')],
    }) as unknown as Asset
  const named = (run: Asset['run']): readonly string[] => {
    const one = asset(run)
    const words = codeWords({ assets: new Map([['a', one]]), prefix: 'sub' })
    return namedFiles({ folder, codeWords: words })(one)
  }
  const words = (...texts: readonly string[]): Asset['run'] => ({
    kind: 'exec',
    words: texts.map(parseTemplate),
  })
  expect(named(words('./run.sh', 'conf/a.toml', 'out/made.csv', 'in/data.csv', 'plain', 'dir.d'))).toEqual([
    './run.sh',
    'conf/a.toml',
  ])
  expect(
    named(
      words(
        'python3',
        '--config=conf/b.toml',
        '../above.sh',
        '../../etc/passwd',
        'no/such',
        `${'a'.repeat(300)}/b.c`,
        'run.sh/x.c',
      ),
    ),
  ).toEqual(['conf/b.toml', '../above.sh'])
  expect(named({ kind: 'bash', file: 'gone.sh', args: [parseTemplate('conf/{k}.toml')] })).toEqual([
    'gone.sh',
  ])
  const line = parseTemplate("bash run.sh 'conf/a.toml' >out/made.csv; cat conf/b.toml|wc")
  expect(named({ kind: 'shell', line })).toEqual(['run.sh', 'conf/a.toml', 'conf/b.toml'])
  const place = { root, folder, prefix: 'sub' }
  expect(
    ['./run.sh', '../above.sh', '/opt/x', join(root, 'y')].map((file) => pathOfNamed(place, file)),
  ).toEqual(['sub/run.sh', 'above.sh', '/opt/x', 'y'])
})

test('one key upstream is its own version, several are one together', () => {
  expect(joinedVersion(['v'])).toBe('v')
  expect(joinedVersion([null])).toBe('-')
  expect(joinedVersion(['v', null])).toBe(versionOf(['v', '-']))
  const keys = ['a', 'b']
  const list = {
    kind: 'list',
    keys,
    indexOf: new Map([
      ['a', 0],
      ['b', 1],
    ]),
  } as const
  const partitions = new Map([['k', list]])
  const data = (i: number): string => `v${i}`
  expect(upstreamVersions(2, mapKeys(partitions, partitions, 0), data)).toEqual(['v0', 'v1'])
  expect(upstreamVersions(1, mapKeys(null, partitions, 0), data)).toBe(versionOf(['v0', 'v1']))
  expect(upstreamVersions(2, mapKeys(partitions, null, 0), data)).toBe('v0')
})
