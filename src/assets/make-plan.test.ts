import { rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { makeScratch, scratchEnv, value, type Scratch } from '../dataset/scratch-repository.ts'
import { splitFacts } from '../job/asset-facts.ts'
import { writeMessage } from '../provenance/message.ts'
import type { Json } from '../provenance/python-json.ts'
import { loadDefinitions } from './definitions/load.ts'
import { factsOf, lookAt } from './look.ts'
import { makePlan, type PlanRequest } from './make-plan.ts'
import { pieceId } from './run/book.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const yaml = `
assets:
  corpus: { outputs: [data/corpus], run: bash scripts/fetch.sh }
  model:
    needs: [corpus]
    inputs: [config/train.toml]
    outputs: ["models/{metal}"]
    partitions: { metal: [gold, silver, tin] }
    run: { bash: scripts/train.sh, args: ["{metal}"] }
    env: { SEED: "7" }
  scores: { needs: [model, survey], run: "echo 1" }
external:
  survey: { observe: cat survey }
`

/** A dataset with a small graph of which nothing was made. */
function project(text = yaml): Scratch {
  const repo = makeScratch()
  made.push(repo)
  repo.write('waybill.yaml', text)
  for (const file of ['scripts/fetch.sh', 'scripts/train.sh', 'config/train.toml', 'survey']) repo.write(file)
  commit(repo)
  return repo
}

function commit(repo: Scratch, message = 'by hand'): void {
  repo.git('add', '-A')
  repo.git('commit', '-q', '--allow-empty', '-m', message)
}

type Asked = Partial<Omit<PlanRequest, 'dataset'>>

async function requestFor(repo: Scratch, asked: Asked = {}): Promise<PlanRequest> {
  const dataset = await repo.dataset()
  const file = join(repo.root, 'waybill.yaml')
  const askCluster = async (): Promise<null> => Promise.resolve(null)
  const definitions = value(
    await loadDefinitions({ file, root: repo.root, shown: 'waybill.yaml', askCluster }),
  )
  const rest = { selection: '', keys: null, site: null, force: false, now: 0, env: scratchEnv }
  return { dataset, definitions, ...rest, ...asked }
}

/** What would run, a line a reason. */
async function plan(repo: Scratch, asked: Asked = {}): Promise<readonly string[]> {
  const planned = await makePlan(await requestFor(repo, asked))
  if (!planned.ok) return [planned.failure.kind]
  const { plan: found, look } = planned.value
  return [
    ...found.assets.flatMap(({ name, stale }) =>
      stale.map(({ reason: { kind, ...facts }, ranges, count }) => {
        const told = Object.values(facts).flat().join(' ')
        const keys = ranges.map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join()
        return `${name} ${keys} (${count}): ${kind} ${told}`.trim()
      }),
    ),
    ...found.assets.flatMap(({ name, making }) =>
      making.map(
        ({ job, ranges }) => `${name} ${ranges.map(({ from, to }) => `${from}-${to}`).join()} by ${job}`,
      ),
    ),
    ...found.notes.map((note) => `note ${note.name} ${note.neededBy}`),
    ...look.failures.map(({ source }) => `failed ${source}`),
  ]
}

/** Makes keys of an asset as a job would, and records it. */
async function make(
  repo: Scratch,
  name: string,
  indices: readonly number[] = [0],
  own: Readonly<Record<string, Json>> = {},
): Promise<void> {
  const request = await requestFor(repo)
  const look = value(
    await lookAt({ ...request, siteFor: () => null, names: new Set(request.definitions.order) }),
  )
  const view = look.views.get(name)
  if (view === undefined) throw new Error(name)
  const { short } = splitFacts(factsOf(view, indices, 'run'))
  if (name === 'corpus') repo.write('data/corpus/a')
  if (name === 'model') for (const i of indices) repo.write(`models/${view.space.at(i).text}`)
  const inputs =
    name === 'model'
      ? [{ path: 'config/train.toml', blob: repo.git('hash-object', 'config/train.toml').trim() }]
      : []
  const waybill = { state: 'COMPLETED', asset: { ...short }, inputs, token: `${made.length}`, ...own }
  const lists = { chain: [], inputs: [], extra_inputs: [], outputs: [] }
  commit(repo, writeMessage('DATALAD RUNCMD', 'made', { cmd: 'x', ...lists, waybill }))
}

async function makeAll(repo: Scratch): Promise<void> {
  await make(repo, 'corpus')
  await make(repo, 'model', [0, 1, 2])
  await make(repo, 'scores', [0], { data_version: 'v1' })
}

test('what was never made would be, in order; once made nothing would', async () => {
  const repo = project()
  const all = ['corpus 0 (1): never-made', 'model 0-2 (3): never-made', 'scores 0 (1): never-made']
  expect(await plan(repo)).toEqual(all)
  await make(repo, 'corpus')
  await make(repo, 'model', [1])
  expect(await plan(repo)).toEqual(['model 0,2 (2): never-made', 'scores 0 (1): never-made'])
  await makeAll(repo)
  expect(await plan(repo)).toEqual([])
  expect(await plan(repo, { force: true, selection: 'model', keys: 'silver..tin' })).toEqual([
    'model 1-2 (2): forced',
  ])
})

test('code, inputs and sources by content, committed or not', async () => {
  const repo = project()
  await makeAll(repo)
  repo.write('scripts/train.sh', 'other')
  const after = 'scores 0 (1): upstream-stale model'
  expect(await plan(repo)).toEqual(['model 0-2 (3): code-changed', after])
  repo.write('scripts/train.sh', 'scripts/train.sh\n')
  repo.write('config/train.toml', 'other')
  expect(await plan(repo)).toEqual(['model 0-2 (3): input-changed config/train.toml', after])
  unlinkSync(join(repo.root, 'config/train.toml'))
  expect(await plan(repo)).toEqual(['model 0-2 (3): input-changed config/train.toml', after])
  repo.git('checkout', '-q', 'config')
  repo.write('survey', 'other')
  expect(await plan(repo)).toEqual(['scores 0 (1): upstream-changed survey'])
  unlinkSync(join(repo.root, 'survey'))
  expect(await plan(repo)).toEqual(['failed survey'])
  repo.git('checkout', '-q', 'survey')
  repo.write('waybill.yaml', yaml.replace('SEED: "7"', 'SEED: "8"'))
  expect(await plan(repo)).toEqual(['model 0-2 (3): code-changed', after])
  const more = 'SEED: "7" }\n    resources: { cpus: 4 }\n    keys: { silver: { env: { SEED: "9" } } '
  repo.write('waybill.yaml', yaml.replace('SEED: "7" ', more))
  expect(await plan(repo)).toEqual(['model 1 (1): code-changed', after])
})

test('outputs that somebody edited, removed or lost', async () => {
  const repo = project()
  await makeAll(repo)
  rmSync(join(repo.root, 'models/gold'))
  expect(await plan(repo, { selection: 'model' })).toEqual(['model 0 (1): outputs-missing models/gold'])
  commit(repo)
  expect(await plan(repo, { selection: 'model' })).toEqual(['model 0 (1): outputs-changed removed'])
  repo.write('models/gold', 'by hand')
  commit(repo)
  expect(await plan(repo, { selection: 'model' })).toEqual(['model 0 (1): outputs-changed edited'])
  await make(repo, 'model', [0])
  expect(await plan(repo)).toEqual([])
})

test('what was made again otherwise makes stale what is made of it', async () => {
  const repo = project()
  await makeAll(repo)
  await make(repo, 'corpus', [0], { data_version: 'other' })
  expect(await plan(repo)).toEqual([
    'model 0-2 (3): upstream-changed corpus',
    'scores 0 (1): upstream-stale model',
  ])
  await make(repo, 'corpus')
  expect(await plan(repo)).toEqual([])
})

test('a failed job makes nothing', async () => {
  const repo = project()
  await makeAll(repo)
  await make(repo, 'model', [1], { state: 'FAILED' })
  const failed = repo.git('rev-parse', 'HEAD').trim()
  expect(await plan(repo, { selection: 'model' })).toEqual([`model 1 (1): last-failed ${failed}`])
})

test('selections, keys, and what was not selected', async () => {
  const repo = project()
  await makeAll(repo)
  repo.write('scripts/fetch.sh', 'other')
  expect(await plan(repo, { selection: 'corpus' })).toEqual(['corpus 0 (1): code-changed'])
  expect(await plan(repo, { selection: 'model' })).toEqual(['note corpus model'])
  expect(await plan(repo, { selection: '+model', keys: 'tin' })).toEqual([
    'corpus 0 (1): code-changed',
    'model 2 (1): upstream-stale corpus',
  ])
  expect(await plan(repo, { selection: 'stale and not corpus' })).toEqual(['note corpus model'])
  expect(await plan(repo, { selection: 'modle' })).toEqual(['selection-unknown'])
  expect(await plan(repo, { selection: '(' })).toEqual(['selection-ends'])
  expect(await plan(repo, { keys: 'lead' })).toEqual(['no-such-key'])
  expect(await plan(repo, { selection: 'corpus', keys: 'tin' })).toEqual(['no-partitions'])
  expect(await plan(repo, { site: 'moon' })).toEqual(['no-such-site'])
})

test('what open jobs make is not made besides, and comes before what is made of it', async () => {
  const repo = project()
  await makeAll(repo)
  const making = new Map([
    [pieceId('model', 'gold'), 'w1'],
    [pieceId('model', 'tin'), 'w2'],
  ])
  const after = 'scores 0 (1): upstream-stale model'
  expect(await plan(repo, { making })).toEqual([after, 'model 0-0 by w1', 'model 2-2 by w2'])
  expect(await plan(repo, { making, selection: 'scores' })).toEqual([after])
  expect(await plan(repo, { making, selection: 'stale', keys: 'tin' })).toEqual([after, 'model 2-2 by w2'])
  expect(await plan(repo, { making, selection: 'model', force: true })).toEqual([
    'model 1 (1): forced',
    'model 0-0 by w1',
    'model 2-2 by w2',
  ])
})

test('stale with keys means nothing once all is fresh, and unknown keys are told', async () => {
  const repo = project()
  await makeAll(repo)
  expect(await plan(repo, { selection: 'stale', keys: 'tin' })).toEqual([])
  expect(await plan(repo, { selection: 'stale', keys: 'lead' })).toEqual(['no-such-key'])
})

test('any data version that a payload reports is one, and keys may have the names of what objects have', async () => {
  const repo = project(yaml.replace('[gold, silver, tin]', '[constructor, toString, tin]'))
  await make(repo, 'corpus', [0], { data_version: 'later:abc:x' })
  await make(repo, 'model', [0, 1, 2], { data_version: { tin: 'later:' } })
  await make(repo, 'scores', [0], { data_version: 'v1' })
  expect(await plan(repo)).toEqual([])
})
