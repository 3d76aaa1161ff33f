import { mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { makeScratch, scratchEnv, value, type Scratch } from '../dataset/scratch-repository.ts'
import { writeMessage } from '../provenance/message.ts'
import type { Definitions } from './definitions/definitions.ts'
import { loadDefinitions } from './definitions/load.ts'
import { freshBefore, type FreshAsset } from './fresh-before.ts'
import { factsOf, lookAt } from './look.ts'
import { makePlan, type PlanRequest } from './make-plan.ts'

const made: Scratch[] = []
afterEach(() => made.splice(0).forEach((one) => one.remove()))

const yaml = `
assets:
  corpus: { inputs: [in/one.txt, "more/*.txt"], outputs: [data/corpus], run: bash fetch.sh --like=late.cfg }
  model:
    needs: [corpus]
    outputs: ["models/{k}"]
    partitions: { k: [a, b] }
    run: fit {k}
    checks: { seen: { run: { bash: check.sh } } }
`

const files = [
  'in/one.txt',
  'more/x.txt',
  'data/corpus',
  'models/a',
  'models/b',
  'models/2020-01',
  'fetch.sh',
  'check.sh',
]

/** Long after all that a test has written: what was written just now might be written again unseen. */
const later = Date.now() / 1000 + 1000

interface Project {
  readonly repo: Scratch
  readonly definitions: Definitions
  readonly plan: (more?: Partial<PlanRequest>) => ReturnType<typeof makePlan>
  readonly known: () => Promise<readonly FreshAsset[] | null>
}

/** A project all of whose assets are fresh, or those that are not `but`. */
async function project(text = yaml, but = ''): Promise<Project> {
  const repo = makeScratch()
  made.push(repo)
  for (const file of files) repo.write(file, 'text\n')
  repo.write('waybill.yaml', text)
  repo.git('add', '-A')
  repo.git('commit', '-q', '-m', 'all')
  const file = join(repo.root, 'waybill.yaml')
  const askCluster = async (): Promise<null> => Promise.resolve(null)
  const read = value(await loadDefinitions({ file, root: repo.root, shown: file, askCluster }))
  const definitions = { ...read, key: 'these' }
  const setting = { dataset: await repo.dataset(), definitions, env: scratchEnv }
  for (const name of definitions.order.filter((one) => one !== but)) {
    const names = new Set(definitions.order)
    const look = value(await lookAt({ ...setting, now: later, names, siteFor: () => null }))
    const view = look.views.get(name)
    if (view === undefined) throw new Error(`no ${name}`)
    const places = Array.from({ length: view.space.count }, (_, i) => i)
    const waybill = { state: 'COMPLETED', asset: { ...factsOf(view, places, 'r') } }
    const lists = { chain: [], inputs: [], extra_inputs: [], outputs: [] }
    const message = writeMessage('DATALAD RUNCMD', 'made', { cmd: 'x', ...lists, waybill })
    repo.git('commit', '-q', '--allow-empty', '-m', message)
  }
  const all = { selection: '', keys: null, site: null, force: false, now: later }
  return {
    repo,
    definitions,
    plan: async (more = {}) => makePlan({ ...setting, ...all, ...more }),
    known: async () => freshBefore(await repo.dataset(), file, 'these'),
  }
}

test('what was found fresh is known to be so, as long as nothing has changed', async () => {
  const { repo, plan, known } = await project()
  expect(await known()).toBeNull()
  value(await plan())
  const all = [
    ['corpus', 'here', null],
    ['model', 'here', 2],
  ]
  expect(await known()).toEqual(all)
  repo.write('unrelated', 'text')
  expect(await known()).toEqual(all)
  expect(await freshBefore(await repo.dataset(), join(repo.root, 'waybill.yaml'), 'others')).toBeNull()
})

test.each<readonly [string, (repo: Scratch) => unknown]>([
  [
    'an input, of the same size and age',
    ({ root, write }) => {
      const { atime, mtime } = statSync(join(root, 'in/one.txt'))
      write('in/one.txt', 'TEXT\n')
      utimesSync(join(root, 'in/one.txt'), atime, mtime)
    },
  ],
  ['one more input', ({ write }) => write('more/y.txt', '')],
  ['an input less', ({ root }) => rmSync(join(root, 'more/x.txt'))],
  [
    'another folder of inputs in the place of one',
    ({ root }) => {
      renameSync(join(root, 'in'), join(root, 'was'))
      mkdirSync(join(root, 'in'))
      writeFileSync(join(root, 'in/one.txt'), 'text\n')
    },
  ],
  ['an output less', ({ root }) => rmSync(join(root, 'models/b'))],
  ['the script', ({ write }) => write('fetch.sh', 'exit\n')],
  ['a word of the command that is a file now', ({ write }) => write('late.cfg', '')],
  ["a check's script less", ({ root }) => rmSync(join(root, 'check.sh'))],
  ['a commit', ({ git }) => git('commit', '-q', '--allow-empty', '-m', 'by hand')],
  ['a subdataset', ({ write }) => write('.gitmodules', '')],
  ['git-annex', ({ git }) => [git('config', 'annex.uuid', 'u'), git('config', 'annex.version', '10')]],
])('when something is another, all is looked at: %s', async (_, change) => {
  const { repo, plan, known } = await project()
  value(await plan())
  expect(await known()).not.toBeNull()
  change(repo)
  expect(await known()).toBeNull()
})

test.each<readonly [string, string, Partial<PlanRequest>]>([
  ['what was changed just now', yaml, { now: Date.now() / 1000 }],
  ['a part of the assets', yaml, { selection: 'corpus' }],
  ['what is made anew', yaml, { force: true }],
  ['another site', yaml, { site: 'here' }],
  ['some keys', yaml, { keys: 'a' }],
  [
    'external sources',
    `${yaml.replace('[corpus]', '[corpus, sky]')}external: { sky: { observe: echo 1 } }\n`,
    {},
  ],
  [
    'windows of time',
    yaml.replace('k: [a, b]', 'k: { start: 2020-01, every: 50m }').replace('fit {k}', 'fit'),
    {},
  ],
])('it is not kept of %s', async (_, text, more) => {
  const { plan, known } = await project(text)
  value(await plan(more))
  expect(await known()).toBeNull()
})

test('it is not kept where something is stale, or where code gives the definitions', async () => {
  const stale = await project(yaml, 'model')
  value(await stale.plan())
  expect(await stale.known()).toBeNull()
  const { plan, known, definitions } = await project()
  value(await plan({ definitions: { ...definitions, key: null } }))
  expect(await known()).toBeNull()
})
