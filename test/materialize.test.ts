import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { assetsHead, assetsMade, recordOfPiece, project, sites } from './support/assets.ts'
import { addFiles, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

const graph = `${assetsHead}
  prices: { outputs: [data/prices.csv], run: bash scripts/fetch.sh }
  model:
    needs: [prices]
    outputs: ["models/{metal}.txt"]
    partitions: { metal: [gold, silver] }
    run: { bash: scripts/model.sh, args: ["{metal}"] }
    env: { SEED: "7" }
  report:
    needs: [model]
    outputs: [report.txt]
    run: cat models/gold.txt models/silver.txt >report.txt
  side: { outputs: [], run: bash scripts/side.sh }
`

const scripts = {
  'scripts/fetch.sh': 'mkdir -p data && printf "gold 3\\nsilver 2\\n" >data/prices.csv\n',
  'scripts/model.sh':
    'mkdir -p models\necho "$WAYBILL_KEY $SEED $(grep "^$1" data/prices.csv)" >"models/$1.txt"\n',
  'scripts/side.sh': `printf '{"metadata": {"rows": 3}, "data_version": "v1"}\\n' >>"$WAYBILL_MESSAGES"\n`,
}

test.each(sites)('a graph is made in order, and only what is not fresh (%s)', async (site) => {
  await using box = await project(graph, scripts)
  const first = await tell(box, ['materialize', '--site', site])
  expect(first.code, first.words).toBe(0)
  expect(box.read('ds/report.txt')).toBe('gold 7 gold 3\nsilver 7 silver 2\n')
  const all = ['model gold', 'model silver', 'prices', 'report', 'side']
  const names = await assetsMade(box)
  expect(names.toSorted()).toEqual(all)
  expect(names.indexOf('prices')).toBeLessThan(names.indexOf('model gold'))
  expect(names.at(-1) === 'report' || names.at(-1) === 'side').toBe(true)
  expect(await openJobs(box)).toEqual([])

  const again = await tell(box, ['materialize', '--site', site])
  expect(again).toMatchObject({ code: 0, results: [] })

  box.write('ds/scripts/model.sh', scripts['scripts/model.sh'].replace('$SEED', '$SEED!'))
  const changed = await tell(box, ['materialize', '--site', site])
  expect(changed.code, changed.words).toBe(0)
  expect(box.read('ds/report.txt')).toBe('gold 7! gold 3\nsilver 7! silver 2\n')
  expect((await assetsMade(box)).slice(5).toSorted()).toEqual(['model gold', 'model silver', 'report'])

  const forced = await tell(box, ['materialize', 'model', '--partition', 'gold', '--force', '--site', site])
  expect(forced.code, forced.words).toBe(0)
  expect((await assetsMade(box)).slice(8)).toEqual(['model gold'])
  expect((await tell(box, ['materialize', '--site', site])).results).toEqual([])
})

test('a record says the command in words that run by hand, and what the payload reported', async () => {
  await using box = await project(graph, scripts)
  await tell(box, ['materialize', 'side', 'model', 'prices', '--partition', 'gold', '--site', 'cluster'])
  const { record } = await recordOf(box, await recordOfPiece(box, 'model gold'))
  expect(record.cmd).toContain('sbatch --job-name=model --wrap ')
  expect(record.cmd).toContain(
    'env SEED=7 WAYBILL_KEY=gold WAYBILL_KEY_metal=gold bash scripts/model.sh gold',
  )
  expect(record).toMatchObject({ inputs: ['data/prices.csv'] })
  expect(record.outputs).toContain('models/gold.txt')
  const side = (await recordOf(box, await recordOfPiece(box, 'side'))).record
  expect(side.waybill).toMatchObject({
    state: 'COMPLETED',
    data_version: 'v1',
    metadata: { rows: { raw_value: 3, type: 'int' } },
  })
})

const partly = `${assetsHead}
  model:
    outputs: ["models/{metal}.txt"]
    partitions: { metal: [gold, silver] }
    run: mkdir -p models; [ {metal} != silver ] || [ -e ../mended ] || exit 3; echo {metal} >models/{metal}.txt
  report: { needs: [model], outputs: [report.txt], run: cat models/*.txt >report.txt }
`

test.each(sites)(
  'a key that fails leaves the others recorded, and is made once mended (%s)',
  async (site) => {
    await using box = await project(partly)
    const failed = await tell(box, ['materialize', '--site', site])
    expect(failed.code).toBe(1)
    expect(failed.words).toContain('model silver failed (FAILED); nothing was saved')
    expect(failed.words).toContain('`waybill logs model:silver` shows its log')
    await box.waybill(['logs', 'model:silver'], { cwd: 'ds' })
    expect(failed.words).toContain('report was not run: model failed')
    expect(await assetsMade(box)).toEqual(['model gold'])
    expect(await openJobs(box)).toEqual([])
    box.write('mended', '')
    const mended = await tell(box, ['materialize', '--site', site])
    expect(mended.code, mended.words).toBe(0)
    expect(await assetsMade(box)).toEqual(['model gold', 'model silver', 'report'])
  },
)

test('a failure is tried again as often as the definitions say', async () => {
  await using box = await project(`${assetsHead}
  flaky:
    outputs: [flaky.txt]
    retry: { attempts: 3 }
    run: echo x >>../tries; [ $(wc -l <../tries) -ge 3 ] && echo done >flaky.txt
  never: { outputs: [never.txt], retry: { attempts: 2, when: [TIMEOUT] }, run: echo x >>../never; exit 1 }
`)
  const told = await tell(box, ['materialize', '--keep-going'])
  expect(told.code).toBe(1)
  expect(box.read('tries')).toBe('x\nx\nx\n')
  expect(box.read('never')).toBe('x\n')
  expect(await assetsMade(box)).toEqual(['flaky'])
})

test.each([
  { site: 'here', signal: 'KILL' },
  { site: 'cluster', signal: 'KILL' },
  { site: 'here', signal: 'INT' },
  // What ends the watching process is no word about its jobs.
  { site: 'cluster', signal: 'TERM' },
])(
  'ended by SIG$signal while a job runs, the same command goes on with it ($site)',
  async ({ site, signal }) => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    await addFiles(box, 'ds', {
      'waybill.yaml': `${assetsHead}\n  slow: { outputs: [slow.txt], run: bash slow.sh }\n  after: { needs: [slow], outputs: [after.txt], run: cp slow.txt after.txt }\n`,
      'slow.sh': `${gate.line}\necho done >slow.txt\n`,
    })
    const first = box.run(['sh', '-c', 'echo $$ >../pid; exec waybill materialize --site "$1"', 'sh', site], {
      cwd: 'ds',
      allowFailure: true,
    })
    await gate.reached()
    await box.run(['kill', `-${signal}`, box.read('pid').trim()])
    const { stderr } = await first
    if (signal === 'INT') expect(stderr).toContain('or the same command, goes on with them')
    const second = tell(box, ['materialize', '--site', site])
    await gate.open()
    const told = await second
    expect(told.code, told.words).toBe(0)
    expect(await assetsMade(box)).toEqual(['slow', 'after'])
    expect(await askLedger(box, 'SELECT state FROM jobs ORDER BY id')).toEqual([
      { state: 'recorded' },
      { state: 'recorded' },
    ])
  },
)

const pipes = `
import sys
from dagster_pipes import open_dagster_pipes
try:
    with open_dagster_pipes() as pipes:
        pipes.report_asset_materialization(metadata={"depth": pipes.get_extra("depth")}, data_version="d1")
        if sys.argv[1] == "bad":
            raise ValueError("no good")
except ValueError:
    pass
`

test.each(sites)('what a payload says by Dagster Pipes counts, its exception too (%s)', async (site) => {
  await using box = await sandboxWithDataset()
  const python = join(box.runtime.peersBin, 'python')
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  good: { outputs: [], extras: { depth: 3 }, run: { exec: ["${python}", pipes.py, good] } }
  bad: { outputs: [], extras: { depth: 3 }, run: { exec: ["${python}", pipes.py, bad] } }
  next: { needs: [bad], outputs: [next.txt], run: echo 1 >next.txt }
`,
    'pipes.py': pipes,
  })
  const told = await tell(box, ['materialize', '--keep-going', '--site', site])
  expect(told.code).toBe(1)
  expect(told.words).toContain('bad failed (FAILED; ValueError: no good)')
  expect(told.words).toContain('next was not run: bad failed')
  expect(await assetsMade(box)).toEqual(['good'])
  expect((await recordOf(box)).record.waybill).toMatchObject({
    data_version: 'd1',
    metadata: { depth: { raw_value: 3, type: 'int' } },
  })
})

test('two at once make everything once', async () => {
  await using box = await project(graph, scripts)
  const both = await Promise.all([tell(box, ['materialize']), tell(box, ['materialize'])])
  expect(both.map(({ code }) => code)).toEqual([0, 0])
  expect((await assetsMade(box)).toSorted()).toEqual([
    'model gold',
    'model silver',
    'prices',
    'report',
    'side',
  ])
})

test('outputs that are missing after success are told, and stop what needs them', async () => {
  await using box = await project(`${assetsHead}
  hollow: { outputs: [hollow.txt], run: "true" }
  next: { needs: [hollow], outputs: [next.txt], run: echo 1 >next.txt }
`)
  const told = await tell(box, ['materialize'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('hollow ended well, but not all that it was to make is there')
  expect(await assetsMade(box)).toEqual(['hollow'])
})

test('what is asked for is understood, or told', async () => {
  await using box = await project(graph, scripts)
  const dry = await box.waybill(['materialize', '--dry-run', 'model'], { cwd: 'ds' })
  expect(dry.stdout).toContain('model')
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
  const wrong = await tell(box, ['materialize', 'modle'])
  expect(wrong.code).toBe(1)
  expect(wrong.words).toContain('did you mean model?')
  const one = await tell(box, ['materialize', '--jobs', '1', 'prices', 'model'])
  expect(one.code, one.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['prices', 'model gold', 'model silver'])
})
