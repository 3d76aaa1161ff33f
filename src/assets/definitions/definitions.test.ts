import fc from 'fast-check'
import { expect, test } from 'vitest'
import { proveDefinitions } from './load.ts'
import { problemsIn, prove } from './test-definitions.ts'
import { definitionsSchema } from './written-form.ts'

const example = `
sites:
  here:    { scheduler: local }
  cluster: { scheduler: slurm, defaults: { partition: batch, account: abc, time: "02:00:00" } }
defaultSite: here
assets:
  corpus:   { outputs: [data/corpus], run: ./fetch }
  model:
    needs: [corpus, survey]
    inputs: [config/train.toml]
    outputs: ["models/{metal}"]
    partitions: { metal: [gold, silver, bronze, platinum] }
    run: train --metal {metal}
    env: { SEED: "7" }
    extras: { depth: 3 }
    resources: { cpus: 8, gpus: 1, memory: 32G, time: "02:00:00", nodes: 1 }
    slurm: { constraint: a100, gres: "tmp:20G" }
    retry: { attempts: 3, when: [TIMEOUT, OUT_OF_MEMORY, NODE_FAIL], grow: { memory: 2, time: 1.5 } }
    checks: { accuracy: { metric: "cpu_efficiency < 0.2", blocking: true } }
    group: training
    site: cluster
    description: One classifier per metal
    owners: [team:data]
    tags: [paper]
  scores:   { needs: [model], outputs: [], run: "psql -f load.sql" }
external:
  survey:   { observe: "sha256sum /data/survey.csv" }
`

test('definitions that use every key hold, with all defaults filled in', async () => {
  const proved = await prove(example)
  if (!proved.ok) throw new Error(JSON.stringify(proved.failure))
  const { assets, order, defaultSite, folder, prefix } = proved.value
  expect({ order, defaultSite, folder, prefix }).toEqual({
    order: ['corpus', 'model', 'scores'],
    defaultSite: 'here',
    folder: '/dataset',
    prefix: '',
  })
  expect(assets.get('model')).toMatchObject({
    needs: ['corpus'],
    observes: ['survey'],
    own: { resources: { cpus: 8, gpus: 1, memory: 32 * 1024 ** 3, time: 7200, nodes: 1 } },
    retry: { attempts: 3, grow: { cpus: 1, memory: 2, time: 1.5 } },
    checks: [{ kind: 'metric', name: 'accuracy', blocking: true, metric: { metric: 'cpu_efficiency' } }],
    site: 'cluster',
  })
  expect(assets.get('corpus')).toMatchObject({
    partitions: null,
    retry: { attempts: 1 },
    site: null,
    tags: [],
  })
})

test('paths are those of the dataset, wherever in it the definitions lie', async () => {
  const text = 'assets: { a: { outputs: [x//y/, ../z, /dataset/w], run: "true" } }'
  const proved = await prove(text, null, '/dataset/deep')
  if (!proved.ok) throw new Error(JSON.stringify(proved.failure))
  expect(proved.value.assets.get('a')?.outputs.map((output) => output.text)).toEqual(['deep/x/y', 'z', 'w'])
})

test('no path lies in a folder whose name has two lines', async () => {
  const proved = await prove('assets: { a: { outputs: [x], run: "true" } }', null, '/dataset/two\nlines')
  expect(proved.ok ? [] : proved.failure.map(({ kind }) => kind)).toEqual(['forbidden-character'])
})

const asset = (rest: string): string => `assets:\n  a: {run: "true", ${rest} }\n`

test.each<[string, string, readonly string[]]>([
  ['a key that is none', asset('outputz: []'), ['2:20 unknown-key']],
  ['a need of nothing', asset('needs: [b]'), ['2:28 unknown-need']],
  ['a need of itself', asset('needs: [a]'), ['2:28 cycle']],
  ['a site that is none', asset('site: x'), ['2:26 unknown-site']],
  ['a path out of the dataset', asset('outputs: [../x]'), ['2:30 path-leaves']],
  ['a path of two lines', asset('outputs: ["x\\ny"]'), ['2:30 forbidden-character']],
  ['a path in .git', asset('outputs: [a/.GIT/x]'), ['2:30 path-in-git']],
  ['an option that sbatch has not', asset('slurm: { partitoin: x }'), ['2:29 unknown-option']],
  ['an option of our own', asset('slurm: { output: x }'), ['2:29 own-option']],
  ['a flag with a value', asset('slurm: { contiguous: 3 }'), ['2:41 option-value']],
  ['an option without one', asset('slurm: { account: true }'), ['2:38 option-value']],
  [
    'an end that is never tried again',
    asset('retry: { attempts: 2, when: [CANCELLED] }'),
    ['2:49 not-one-of'],
  ],
  ['no attempt', asset('retry: { attempts: 0 }'), ['2:39 out-of-range']],
  ['a check of nothing', asset('checks: { c: {} }'), ['2:30 exactly-one']],
  ['keys without partitions', asset('keys: { x: {} }'), ['2:20 keys-without-partitions']],
  [
    'keys that write one path',
    asset('partitions: { m: [x] }, outputs: [o]'),
    ['2:54 output-lacks-dimension'],
  ],
  ['a placeholder of nothing', asset('inputs: ["{m}"]'), ['2:29 unknown-placeholder']],
  ['an empty dimension', asset('partitions: { m: [] }'), ['2:37 empty-value']],
  ['a key that would be a range', asset('partitions: { m: [a..b] }'), ['2:38 bad-key']],
  ['a script that is not there', 'assets: { a: { run: { bash: x.sh } } }', ['1:29 missing-script']],
  ['a script in a plain line', 'assets: { a: { run: bash s/x.sh -v } }', ['1:21 missing-script']],
  ['two ways to run', 'assets: { a: { run: { bash: x, python: y } } }', ['1:21 exactly-one']],
  ['nothing to run', 'assets: { a: {} }', ['1:11 missing-key']],
  [
    'sites without a default',
    'sites: { x: { scheduler: local }, y: { scheduler: local } }\nassets: { a: { run: z } }',
    ['1:1 no-default-site'],
  ],
  [
    'names that cannot be',
    'assets: { not: { run: x }, -a: { run: x }, "a b": { run: x }, a/.b: { run: x } }',
    ['1:11 bad-name', '1:28 bad-name', '1:44 bad-name', '1:63 bad-name'],
  ],
  ['a number where a text must be', 'defaultSite: 3', ['1:14 wrong-type']],
])('%s is told, with its place', async (_, text, problems) => {
  expect(await problemsIn(text)).toEqual(problems)
})

test('all is told at once: of form, of values, and of what does not go together', async () => {
  const text = [
    'sites: { here: { scheduler: locl } }',
    'assets:',
    '  a: { run: "true", needs: [b, c], outputz: [] }',
    '  b: { run: 3, needs: [a], outputs: [../x] }',
    '  d: { run: "true", resources: { memory: much, cpus: 1.5 }, site: here }',
  ].join('\n')
  expect(await problemsIn(text)).toEqual([
    '1:29 not-one-of',
    '3:32 unknown-need',
    '3:36 unknown-key',
    '4:13 wrong-type',
    '5:42 bad-memory',
    '5:54 wrong-type',
  ])
})

test('a cycle is told once, by its names, however long the chain before it', async () => {
  const chain = Array.from({ length: 5000 }, (_, i) => `  a${i}: { run: x, needs: [a${i + 1}] }`)
  const proved = await prove(`assets:\n${chain.join('\n')}\n  a5000: { run: x, needs: [a4999] }\n`)
  expect(proved).toMatchObject({ failure: [{ kind: 'cycle', names: ['a4999', 'a5000'] }] })
})

test('an asset may reach names only by their own letters: constructor is a name as any other', async () => {
  expect(
    await problemsIn('assets: { constructor: { run: x }, b: { run: x, needs: [constructor] } }'),
  ).toEqual([])
  expect(await problemsIn('assets: { b: { run: x, needs: [toString] } }')).toEqual(['1:32 unknown-need'])
})

test('the schema says what an editor needs', () => {
  const schema = JSON.stringify(definitionsSchema())
  expect(schema).toContain('"additionalProperties":false')
  expect(schema).toContain('attempts')
})

test('no value at all makes it throw, and none that holds is left out', async () => {
  const word = fc.constantFrom(
    'a',
    'b',
    'x/y',
    '{m}',
    '{t}',
    '..',
    '.git',
    '',
    '1d',
    '2026-01-01',
    '3G',
    'local',
  )
  const key = fc.constantFrom(
    ...(
      'assets sites external needs inputs outputs run partitions env extras resources slurm retry checks site sites ' +
      'keys a b m t bash python exec args metric start every end scheduler defaults partition cpus memory time'
    ).split(' '),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      word,
      fc.integer({ min: -1, max: 3 }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    ),
  }))
  const assets = fc.dictionary(
    key,
    fc.record(
      {
        run: fc.oneof(word, value),
        needs: fc.oneof(fc.array(word), value),
        partitions: value,
        outputs: fc.array(word),
      },
      { requiredKeys: ['run'] },
    ),
    { maxKeys: 4 },
  )
  const place = {
    file: '/dataset/waybill.yaml',
    root: '/dataset',
    shown: 'f',
    askCluster: async () => Promise.resolve([]),
  }
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(value, fc.record({ assets, sites: value }), fc.record({ assets })),
      async (written) => {
        const proved = await proveDefinitions(
          { value: written, where: () => ({ file: 'f', line: 1, column: 1 }) },
          place,
        )
        if (!proved.ok) expect(proved.failure.length).toBeGreaterThan(0)
        else expect(proved.value.order.length).toBe(proved.value.assets.size)
      },
    ),
    { numRuns: 500 },
  )
})
