import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkout } from './support/runtime.ts'
import { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, recordOf, status, tell } from './support/scenario.ts'

const example = join(checkout, 'examples/forecast')

/** What the definitions make, by asset. */
const made = {
  clean: ['clean/new-york.csv', 'clean/seattle.csv'],
  model: ['new-york', 'seattle'].flatMap((station) =>
    ['autumn', 'spring', 'summer', 'winter'].map((season) => `models/${station}-${season}.json`),
  ),
  scores: ['scores/new-york.csv', 'scores/seattle.csv'],
  report: ['errors.svg', 'report.md'],
}

let box: Sandbox

// Made once here and once on Slurm, from one commit.
beforeAll(async () => {
  box = await Sandbox.create()
  await box.dataset('here', { annex: 'plain' })
  const files = readdirSync(example, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  await addFiles(
    box,
    'here',
    Object.fromEntries(files.map((file) => [file.slice(example.length + 1), readFileSync(file)])),
  )
  await cloned('here', 'cluster', ['.'])
  for (const [cwd, site] of [
    ['here', 'here'],
    ['cluster', 'cluster'],
  ] as const) {
    const told = await tell(box, ['materialize', '--site', site], { cwd })
    expect(told.code, told.words).toBe(0)
  }
}, 120_000)

afterAll(async () => box.dispose())

test('the definitions of the example are in order, for a cluster too', async () => {
  const checked = await box.waybill(['assets', 'check'], { cwd: 'here' })
  expect(checked.stdout).toBe('waybill.yaml: 4 assets with 12 keys, 2 sites; nothing is wrong\n')
  expect(checked.stderr).toBe('')
})

test('what is made here and on Slurm is the same, byte by byte', () => {
  for (const path of Object.values(made).flat()) {
    const here = box.read(`here/${path}`)
    expect(here.length, path).toBeGreaterThan(100)
    expect(box.read(`cluster/${path}`), path).toBe(here)
  }
  expect(box.read('here/report.md')).toContain('| Seattle | autumn | 91 | 1.96 | 2.18 |')
})

test.each([
  ['here', 'DATALAD RUNCMD'],
  ['cluster', 'DATALAD SLURM RUN'],
])('each result has its record (%s)', async (cwd, title) => {
  for (const path of Object.values(made).flat()) {
    const commit = await box.git(cwd, 'log', '-1', '--format=%H', '--', path)
    const recorded = await recordOf(box, commit, cwd)
    expect(recorded.title).toContain(`[${title}]`)
    expect(recorded.record.outputs, path).toContain(path)
    expect(recorded.record.waybill).toMatchObject({ state: 'COMPLETED' })
  }
  const commit = await box.git(cwd, 'log', '-1', '--format=%H', '--', 'report.md')
  expect((await recordOf(box, commit, cwd)).record.waybill).toMatchObject({
    asset: { name: 'report' },
    metadata: { rows: { raw_value: 8 } },
  })
  expect(await openJobs(box, cwd)).toEqual([])
  expect(await status(box, cwd)).toBe('')
})

test.each(['here', 'cluster'])('nothing is left to do, nor is there in a clone (%s)', async (cwd) => {
  const plan = await box.waybill(['plan'], { cwd })
  expect(plan.stdout).toBe('nothing to do\n')
  // The results themselves need not be there.
  await cloned(cwd, `${cwd}-clone`, ['waybill.yaml', 'data', 'scripts', 'checks'])
  expect(box.exists(`${cwd}-clone/report.md`)).toBe(false)
  const pulled = await box.waybill(['plan'], { cwd: `${cwd}-clone` })
  expect(pulled.stdout).toBe('nothing to do\n')
})

test("an edit of one station's data makes that station stale, and what is made of it", async () => {
  await cloned('here', 'edited', ['.'])
  const raw = box.read('edited/data/seattle.csv')
  await box.run(['rm', 'data/seattle.csv'], { cwd: 'edited' })
  box.write('edited/data/seattle.csv', raw.replace(/^(2014-03-01,[^,]*),[^,]*/m, '$1,30.0'))
  const plan = (await tell(box, ['plan'], { cwd: 'edited' })).stdout.trim().split('\n')
  const stale = plan
    .map((line) => JSON.parse(line) as Planned)
    .map(({ asset, stale: why }) => [asset, why.flatMap(({ keys }) => keys)] as const)
  expect(Object.fromEntries(stale)).toEqual({
    clean: ['seattle'],
    model: ['seattle|winter..seattle|autumn'],
    scores: ['seattle'],
    report: [],
  })
  const told = await tell(box, ['materialize'], { cwd: 'edited' })
  expect(told.code, told.words).toBe(0)
  const since = await box.git('edited', 'log', '--format=%s', 'origin/main..')
  expect(since.split('\n').filter((subject) => subject.includes('new-york'))).toEqual([])
  expect(since).toContain('model: seattle|spring')
})

/** Clones a dataset and gets the contents of these paths. */
async function cloned(from: string, to: string, paths: readonly string[]): Promise<void> {
  await box.git('.', 'clone', '-q', from, to)
  await box.run(['git', 'annex', 'get', '-q', ...paths], { cwd: to })
}

interface Planned {
  readonly asset: string
  readonly stale: readonly { readonly reason: string; readonly keys: readonly string[] }[]
}
