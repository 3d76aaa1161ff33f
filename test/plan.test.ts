import { expect, test } from 'vitest'
import type { Asset, Site } from '../src/assets/definitions/definitions.ts'
import { loadDefinitions } from '../src/assets/definitions/load.ts'
import { codeVersionOf } from '../src/assets/versions/code-version.ts'
import { versionOf } from '../src/assets/versions/version.ts'
import { writeMessage } from '../src/provenance/message.ts'
import { Sandbox } from './support/sandbox.ts'
import { addFiles, tell } from './support/scenario.ts'

const definitions = `
sites:
  here: { scheduler: local, defaults: { cpus: 2 } }
  there: { scheduler: local }
defaultSite: here
assets:
  corpus: { outputs: [data/corpus.txt], run: 'echo 1 > data/corpus.txt', env: { SEED: "7" } }
  model:
    needs: [corpus]
    outputs: ["models/{metal}.txt"]
    partitions: { metal: [gold, silver, tin] }
    run: bash scripts/model.sh {metal}
    resources: { cpus: 4, memory: 2G }
    keys: { tin: { resources: { memory: 4G } } }
    tags: [paper]
`

async function project(): Promise<Sandbox> {
  const box = await Sandbox.create()
  await box.dataset('ds', { annex: 'none' })
  await addFiles(box, 'ds', { 'waybill.yaml': definitions, 'scripts/model.sh': 'echo 2\n' })
  return box
}

const here: Site = { name: 'here', scheduler: 'local', defaults: { resources: {}, slurm: new Map() } }

/** An asset as the definitions of `ds` have it. */
async function assetIn(box: Sandbox, name: string): Promise<Asset> {
  const place = { file: box.path('ds/waybill.yaml'), root: box.path('ds'), shown: 'waybill.yaml' }
  const read = await loadDefinitions({ ...place, askCluster: async () => Promise.resolve(null) })
  const asset = read.ok ? read.value.assets.get(name) : undefined
  if (asset === undefined) throw new Error(JSON.stringify(read))
  return asset
}

/** Commits all that lies there as a job would that made an asset. */
async function record(
  box: Sandbox,
  asset: Asset,
  keys: readonly string[] | null,
  upstream: Readonly<Record<string, string>>,
): Promise<void> {
  const files = asset.name === 'model' ? ['scripts/model.sh'] : []
  const blobs = await Promise.all(files.map(async (file) => box.git('ds', 'hash-object', file)))
  const contents = new Map(files.map((file, i) => [file, `blob ${blobs[i]}`]))
  const code = codeVersionOf(asset, here, null, files, contents)
  const facts = { name: asset.name, keys, code, inputs: versionOf([]), upstream, run: 'r1' }
  const lists = { chain: [], inputs: [], extra_inputs: [], outputs: [] }
  const waybill = { state: 'COMPLETED', token: asset.name, asset: facts }
  const message = writeMessage('DATALAD RUNCMD', 'made', { cmd: 'x', ...lists, waybill })
  await box.git('ds', 'add', '-A')
  await box.run(['git', 'commit', '-q', '-F', '-'], { cwd: 'ds', input: message })
}

test('plan says what would run, and nothing when all is fresh', async () => {
  await using box = await project()
  const first = await box.waybill(['plan'], { cwd: 'ds' })
  expect(first.stdout).toBe(
    'corpus: never made\n' +
      'model: all 3 keys (gold..tin): never made\n' +
      '\n' +
      'REASON      ASSETS  PIECES\n' +
      'never made  2       4\n',
  )
  const corpus = await assetIn(box, 'corpus')
  box.write('ds/data/corpus.txt', '1\n')
  await record(box, corpus, null, {})
  const blob = await box.git('ds', 'hash-object', 'data/corpus.txt')
  for (const metal of ['gold', 'silver', 'tin']) box.write(`ds/models/${metal}.txt`, '2\n')
  const upstream = { corpus: versionOf(['1', `blob ${blob}`]) }
  await record(box, await assetIn(box, 'model'), ['gold', 'silver', 'tin'], upstream)
  const done = await box.waybill(['plan'], { cwd: 'ds' })
  expect(done.stdout).toBe('nothing to do\n')
  const told = await tell(box, ['plan', 'stale'])
  expect(told).toMatchObject({ code: 0, stdout: '' })
  const forced = await box.waybill(['plan', 'model', '--force', '--partition', 'gold..silver'], { cwd: 'ds' })
  expect(forced.stdout).toContain('model: 2 of 3 keys (gold..silver): forced\n')

  box.write('ds/scripts/model.sh', 'echo 3\n')
  expect((await box.waybill(['plan'], { cwd: 'ds' })).stdout).toBe(
    'model: all 3 keys (gold..tin): code changed\n' +
      '\n' +
      'REASON        ASSETS  PIECES\n' +
      'code changed  1       3\n' +
      'fresh         1       1\n',
  )
  box.write('ds/waybill.yaml', definitions.replace('SEED: "7"', 'SEED: "8"'))
  const both = await tell(box, ['plan', '+model'])
  expect(both.results).toMatchObject([
    {
      action: 'plan',
      status: 'ok',
      asset: 'corpus',
      keys: null,
      stale: [{ reason: { kind: 'code-changed' } }],
    },
    {
      asset: 'model',
      keys: 3,
      fresh: 0,
      stale: [{ message: 'code changed', count: 3, keys: ['gold..tin'] }],
    },
  ])
  const alone = await box.waybill(['plan', 'tag:paper'], { cwd: 'ds' })
  expect(alone.stderr).toContain('corpus is not fresh and was not selected')
})

test('plan --explain says who said what', async () => {
  await using box = await project()
  const told = await box.waybill(['plan', '--explain', '--site', 'here'], { cwd: 'ds' })
  expect(told.stdout).toContain('corpus: never made\n  cpus      2  site here\n  env.SEED  7  asset\n')
  expect(told.stdout).toContain('  memory  4 GiB  asset, for key tin\n')
  const run = ['--set', 'cpus=3', '--set', 'memory=9G', '--set', 'exclusive']
  const said = await box.waybill(['plan', '--explain', '--site', 'here', ...run], { cwd: 'ds' })
  for (const line of ['cpus +3 +this run', 'memory +9 GiB +this run', 'slurm.exclusive +true +this run'])
    expect(said.stdout).toMatch(new RegExp(`^  ${line}$`, 'm'))
  expect(said.stdout).not.toContain('for key tin')
})

test.each([
  ['memroy=3G', 'did you mean memory?'],
  ['memory=much', 'memory: much is no amount of memory'],
  ['cpus=0', 'cpus: this must be at least 1'],
  ['cpus=two', 'cpus: this must be a whole number, and is two'],
  ['array=1-3', 'array: '],
])('what cannot be said for a run is refused: %s', async (set, words) => {
  await using box = await project()
  for (const command of ['plan', 'materialize']) {
    const told = await tell(box, [command, '--set', set])
    expect(told.code).toBe(1)
    expect(told.words).toContain(words)
  }
})

test('what is wrong with a selection is said, with what was meant', async () => {
  await using box = await project()
  const words = async (...args: readonly string[]): Promise<string> => {
    const told = await tell(box, ['plan', ...args])
    expect(told.code).toBe(1)
    return told.words
  }
  expect(await words('corpus', 'modle')).toContain(
    'character 8: there is no asset modle; did you mean model?',
  )
  expect(await words('tag:papre')).toContain('did you mean paper?')
  expect(await words('--site', 'ther')).toContain('did you mean there?')
  expect(await words('--partition', 'glod')).toContain('did you mean gold?')
  expect(await words('(corpus')).toContain('is not closed')
})

test('definitions are read again when they or their scripts change', async () => {
  await using box = await project()
  await box.waybill(['plan'], { cwd: 'ds' })
  box.write('ds/waybill.yaml', definitions.replace('needs: [corpus]', 'needs: [corpsu]'))
  const wrong = await tell(box, ['plan'])
  expect(wrong).toMatchObject({ code: 1, results: [{ status: 'error', kind: 'unknown-need' }] })
  box.write('ds/waybill.yaml', definitions)
  await box.waybill(['plan'], { cwd: 'ds' })
  await box.git('ds', 'rm', '-q', 'scripts/model.sh')
  expect(await tell(box, ['plan'])).toMatchObject({ code: 1, results: [{ kind: 'missing-script' }] })
})

test('a source that cannot be asked is an error, with its words', async () => {
  await using box = await project()
  const more = '\nexternal: { survey: { observe: "echo gone >&2; exit 3" } }\n'
  box.write('ds/waybill.yaml', definitions.replace('needs: [corpus]', 'needs: [corpus, survey]') + more)
  const told = await tell(box, ['plan'])
  expect(told.code).toBe(1)
  expect(told.results.at(-1)).toMatchObject({ action: 'observe', status: 'error', source: 'survey' })
  expect(told.words).toContain('ended with exit code 3: gone')
  expect((await tell(box, ['plan', 'corpus'])).code).toBe(0)
})
