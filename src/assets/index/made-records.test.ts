import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { holdObjects, type HeldObjects } from '../../dataset/held-objects.ts'
import { readHead } from '../../dataset/head.ts'
import { locate } from '../../dataset/locate.ts'
import { annexPaths, makeScratch, scratchEnv, value, type Scratch } from '../../dataset/scratch-repository.ts'
import { splitFacts, type AssetFacts } from '../../job/asset-facts.ts'
import { writeMessage } from '../../provenance/message.ts'
import type { Json } from '../../provenance/python-json.ts'
import type { ListedKeys } from '../definitions/key-space.ts'
import { parseTemplate } from '../definitions/template.ts'
import { endAt } from './asset-records.ts'
import { madeRecords } from './made-records.ts'
import { outputShape } from './output-shape.ts'

const made: Scratch[] = []
const scratch = (options?: Parameters<typeof makeScratch>[0]): Scratch => {
  const one = makeScratch(options)
  made.push(one)
  return one
}
const held = new Map<unknown, HeldObjects>()
afterEach(() => {
  for (const one of held.values()) one.close()
  held.clear()
  made.splice(0).forEach((one) => one.remove())
})

const metals: ListedKeys = { kind: 'list', keys: ['gold', 'silver', 'tin'], indexOf: new Map() }
const shapes = new Map([
  ['corpus', outputShape({ outputs: [parseTemplate('data/corpus')], partitions: null })],
  [
    'model',
    outputShape({ outputs: [parseTemplate('models/{metal}/m')], partitions: new Map([['metal', metals]]) }),
  ],
  ['scores', outputShape({ outputs: [], partitions: null })],
  ['logs', outputShape({ outputs: [parseTemplate('logs/*.txt')], partitions: null })],
])

const facts = (name: string, keys: readonly string[] | null = null, code = 'c'): AssetFacts => ({
  name,
  keys,
  code,
  inputs: 'i',
  upstream: {},
  run: 'r',
})

/** Commits all that lies there, with the record of a job that made an asset. */
function record(repo: Scratch, of: AssetFacts, own: Readonly<Record<string, Json>> = {}): string {
  const { short, lists } = splitFacts(of)
  const path = '.waybill/records/tok.json'
  if (lists !== null) repo.write(path, JSON.stringify({ asset: lists }))
  const waybill = {
    state: 'COMPLETED',
    asset: { ...short },
    ...(lists === null ? {} : { lists: path }),
    ...own,
  }
  const text = writeMessage('DATALAD RUNCMD', 'made', {
    cmd: 'x',
    chain: [],
    inputs: [],
    extra_inputs: [],
    outputs: [],
    waybill,
  })
  repo.git('add', '-A')
  repo.git('commit', '-q', '--allow-empty', '-m', text)
  return repo.git('rev-parse', 'HEAD').trim()
}

function commit(repo: Scratch): void {
  repo.git('add', '-A')
  repo.git('commit', '-q', '--allow-empty', '-m', 'by hand')
}

interface Told {
  readonly commit: string
  readonly code: unknown
  /** `key end`, and `=` where the outputs are as they were made, `!` where not. */
  readonly keys: readonly string[]
}

async function told(
  repo: Pick<Scratch, 'dataset'>,
  objects?: HeldObjects,
): Promise<Readonly<Record<string, readonly Told[]>>> {
  const dataset = { ...(await repo.dataset()), ...(objects === undefined ? {} : { objects }) }
  const head = value(await readHead(dataset)).commit
  const records = value(await madeRecords(dataset, head, shapes))
  return Object.fromEntries(
    [...records].map(([name, list]) => [
      name,
      list.map((one) => ({
        commit: one.commit,
        code: one.facts.code,
        keys: (one.facts.keys ?? ['']).map((key, i) => {
          const mark = one.made[i] === one.now[i] ? '=' : one.now[i] === null ? 'x' : '!'
          return `${key} ${endAt(one, i)} ${mark}`.trim()
        }),
      })),
    ]),
  )
}

/** The same by processes that are held all the while, and without them or anything that was known before. */
async function anew(repo: Scratch): ReturnType<typeof told> {
  const objects = held.get(repo) ?? holdObjects(await repo.dataset())
  held.set(repo, objects)
  const before = await told(repo, objects)
  for (const file of readdirSync(join(repo.root, '.git/waybill'))) {
    writeFileSync(join(repo.root, '.git/waybill', file), 'damaged'.repeat(1000))
  }
  expect(await told(repo)).toEqual(before)
  return before
}

test('the newest record of each key counts, and what was edited since is seen', async () => {
  const repo = scratch()
  commit(repo)
  expect(await told(repo)).toEqual({})
  repo.write('data/corpus/a', '1')
  const corpus = record(repo, facts('corpus'))
  for (const metal of ['gold', 'silver']) repo.write(`models/${metal}/m`, metal)
  const both = record(repo, facts('model', ['gold', 'silver']), { tasks: ['0-1 COMPLETED'] })
  expect(await anew(repo)).toEqual({
    corpus: [{ commit: corpus, code: 'c', keys: ['done ='] }],
    model: [{ commit: both, code: 'c', keys: ['gold done =', 'silver done ='] }],
  })
  repo.write('models/gold/m', 'again')
  const gold = record(repo, facts('model', ['gold'], 'c2'))
  repo.write('models/silver/m', 'by hand')
  repo.git('rm', '-qr', 'data/corpus')
  commit(repo)
  expect(await anew(repo)).toEqual({
    corpus: [{ commit: corpus, code: 'c', keys: ['done x'] }],
    model: [
      { commit: gold, code: 'c2', keys: ['gold done ='] },
      { commit: both, code: 'c', keys: ['gold done !', 'silver done !'] },
    ],
  })
  // The edit is taken back: content alone counts.
  repo.write('models/silver/m', 'silver')
  commit(repo)
  expect((await anew(repo))['model']?.[1]?.keys).toEqual(['gold done !', 'silver done ='])
  const silver = record(repo, facts('model', ['silver']))
  expect((await anew(repo))['model']?.map((one) => one.commit)).toEqual([silver, gold])
})

test('merges, rewinds and other branches', async () => {
  const repo = scratch()
  commit(repo)
  repo.write('data/corpus', '1')
  const first = record(repo, facts('corpus'))
  await told(repo)
  repo.git('checkout', '-qb', 'side')
  repo.write('models/gold/m', 'side')
  const side = record(repo, facts('model', ['gold']))
  await told(repo)
  repo.git('checkout', '-q', 'main')
  expect(Object.keys(await anew(repo))).toEqual(['corpus'])
  repo.write('data/corpus', '2')
  const second = record(repo, facts('corpus'))
  await told(repo)
  repo.git('merge', '-q', '--no-edit', 'side')
  const merged = await anew(repo)
  expect(merged['corpus']?.map((one) => one.commit)).toEqual([second])
  expect(merged['model']?.map((one) => one.commit)).toEqual([side])
  repo.git('reset', '-q', '--hard', first)
  expect(await anew(repo)).toEqual({ corpus: [{ commit: first, code: 'c', keys: ['done ='] }] })
})

test('what failed makes nothing, task by task', async () => {
  const repo = scratch()
  repo.write('data/corpus', '1')
  record(repo, facts('corpus'), { state: 'FAILED' })
  const keys = ['gold', 'silver', 'tin']
  for (const metal of keys) repo.write(`models/${metal}/m`, metal)
  record(repo, facts('model', keys), { state: 'MIXED', tasks: ['0,2 COMPLETED', '1 FAILED 1:0'] })
  const now = await anew(repo)
  expect(now['corpus']?.[0]?.keys).toEqual(['failed ='])
  expect(now['model']?.[0]?.keys).toEqual(['gold done =', 'silver failed =', 'tin done ='])
  record(repo, facts('model', keys), { tasks: ['0-2 COMPLETED'], recorded_tasks: '1' })
  const later = (await anew(repo))['model'] ?? []
  expect(later[0]?.keys).toEqual(['gold absent =', 'silver done =', 'tin absent ='])
  expect(later).toHaveLength(2)
})

test('keys of a long list stand in a file of the commit', async () => {
  const repo = scratch()
  const keys = Array.from({ length: 150 }, (_, i) => `k${i}`)
  for (const key of keys) repo.write(`models/${key}/m`, key)
  record(repo, { ...facts('model', keys), inputs: keys })
  const all = (await anew(repo))['model']?.[0]?.keys ?? []
  expect(all).toHaveLength(150)
  expect(all[149]).toBe('k149 done =')
})

test('what a payload reports, and assets that live elsewhere', async () => {
  const repo = scratch()
  record(repo, facts('scores'), { data_version: 'v1' })
  repo.write('logs/a.txt')
  repo.write('logs/b.dat')
  record(repo, facts('logs'))
  repo.write('logs/b.dat', 'other')
  commit(repo)
  expect((await anew(repo))['logs']?.[0]?.keys).toEqual(['done ='])
  repo.write('logs/c.txt')
  commit(repo)
  expect((await anew(repo))['logs']?.[0]?.keys).toEqual(['done !'])
  const dataset = await repo.dataset()
  const head = value(await readHead(dataset)).commit
  const records = value(await madeRecords(dataset, head, shapes))
  expect(records.get('scores')?.[0]?.reported).toBe('v1')
})

test('other outputs in the definitions are looked up anew', async () => {
  const repo = scratch()
  repo.write('data/corpus', '1')
  record(repo, facts('corpus'))
  await told(repo)
  const dataset = await repo.dataset()
  const head = value(await readHead(dataset)).commit
  const moved = new Map([['corpus', outputShape({ outputs: [parseTemplate('else')], partitions: null })]])
  const records = value(await madeRecords(dataset, head, moved))
  expect(records.get('corpus')?.[0]).toMatchObject({ made: [null], now: [null] })
  expect(await anew(repo)).toMatchObject({ corpus: [{ keys: ['done ='] }] })
})

test('messages that only look like records are none', async () => {
  const repo = scratch()
  repo.git('commit', '-q', '--allow-empty', '-m', 'speaks of "asset": {')
  const wrong = { name: 'corpus', keys: 7 } as unknown as AssetFacts
  record(repo, { ...facts('corpus'), ...wrong, keys: null }, { asset: { name: 'corpus', keys: 7 } })
  expect(await anew(repo)).toEqual({})
})

test.each(annexPaths)('locked and unlocked annexed files are the same (%s)', async (annex) => {
  const repo = scratch({ annex })
  repo.git('annex', 'init', '-q', 'here')
  repo.write('data/corpus/a', 'large')
  repo.git('annex', 'add', '-q', 'data')
  record(repo, facts('corpus'))
  expect(await anew(repo)).toMatchObject({ corpus: [{ keys: ['done ='] }] })
  repo.git('annex', 'unlock', '-q', 'data')
  commit(repo)
  expect(await anew(repo)).toMatchObject({ corpus: [{ keys: ['done ='] }] })
  repo.write('data/corpus/a', 'other')
  commit(repo)
  expect(await anew(repo)).toMatchObject({ corpus: [{ keys: ['done !'] }] })
})

test('the index is the user alone unless the clone is shared, and an older one is replaced', async () => {
  const repo = scratch()
  repo.write('data/corpus', '1')
  record(repo, facts('corpus'))
  const expected = await told(repo)
  const file = join(repo.root, '.git/waybill/assets.db')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const db = new DatabaseSync(file)
  db.exec('DROP TABLE looks; CREATE TABLE looks (other TEXT); PRAGMA user_version = 99')
  db.close()
  expect(await told(repo)).toEqual(expected)
  expect(readFileSync(file).length).toBeGreaterThan(0)
})

test('another clone knows what was made, and worktrees know their own heads', async () => {
  const repo = scratch()
  repo.write('data/corpus', '1')
  const first = record(repo, facts('corpus'))
  repo.git('worktree', 'add', '-q', '--detach', '../beside')
  repo.git('clone', '-q', '.', '../clone')
  repo.write('data/corpus', '2')
  const second = record(repo, facts('corpus'))
  const at = (name: string): Pick<Scratch, 'dataset'> => ({
    dataset: async () => value(await locate(join(repo.root, '..', name), scratchEnv)),
  })
  for (let again = 0; again < 2; again++) {
    expect((await told(repo))['corpus']?.[0]?.commit).toBe(second)
    expect((await told(at('beside')))['corpus']?.[0]).toMatchObject({ commit: first, keys: ['done ='] })
    expect((await told(at('clone')))['corpus']?.[0]).toMatchObject({ commit: first, keys: ['done ='] })
  }
})

test('two looks at once are fine', async () => {
  const repo = scratch()
  for (let i = 0; i < 5; i++) {
    repo.write(`models/gold/m`, `${i}`)
    record(repo, facts('model', ['gold']))
  }
  const both = await Promise.all([told(repo), told(repo), told(repo)])
  expect(both[1]).toEqual(both[0])
  expect(both[2]).toEqual(both[0])
  expect(await anew(repo)).toEqual(both[0])
})
