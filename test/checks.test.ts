import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'

const sites = ['here', 'cluster']

const head = `
sites: { here: { scheduler: local }, cluster: { scheduler: slurm } }
defaultSite: here
assets:`

async function project(yaml: string, files: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'waybill.yaml': `${head}${yaml}`, ...files })
  return box
}

/** What the newest record of an asset, or of a key of it, says of checks; null: there is no record. */
async function checksOf(box: Sandbox, asset: string, key: string | null = null): Promise<unknown> {
  const commits = (await box.git('ds', 'log', '--format=%H', `--grep=asset ${asset}`)).split('\n')
  for (const commit of commits.filter((one) => one !== '')) {
    const { waybill } = (await recordOf(box, commit)).record
    const { name, keys } = waybill['asset'] as { name: string; keys: readonly string[] | null }
    if (name !== asset || (key !== null && keys?.includes(key) !== true)) continue
    expect(waybill['state']).toBe('COMPLETED')
    const checks = (waybill['checks'] ?? []) as readonly { readonly key?: string }[]
    return checks.filter((one) => one.key === undefined || one.key === key)
  }
  return null
}

const model = `
  model:
    outputs: ["models/{metal}.txt"]
    partitions: { metal: [gold, tin] }
    env: { SEED: "7" }
    run: mkdir -p models; echo "$SEED {metal}" >models/{metal}.txt
    checks:
      pure: { run: { bash: pure.sh, args: ["{metal}"] }, blocking: true }
      shiny: { run: grep -q gold "models/$WAYBILL_KEY.txt" }
  alloy:
    needs: [model]
    partitions: { metal: [gold, tin] }
    outputs: ["alloys/{metal}.txt"]
    run: mkdir -p alloys; cp models/{metal}.txt alloys/{metal}.txt
  report: { needs: [alloy], outputs: [report.txt], run: cat alloys/*.txt >report.txt }
`
const pure = 'echo "checked $SEED $1"; [ -e ../mended ] || [ "$1" != tin ]\n'

test.each(sites)(
  'a check that fails is told; a blocking one holds back what is made of that key, until it is made again (%s)',
  async (site) => {
    await using box = await project(model, { 'pure.sh': pure })
    const first = await tell(box, ['materialize', '--site', site])
    expect(first.code, first.words).toBe(1)
    expect(first.words).toContain('model tin: the check pure did not pass (exit code 1)')
    expect(first.words).toContain('model tin: the check shiny did not pass (exit code 1)')
    expect(first.words).toContain(
      'alloy was not run: the check pure of model did not pass; `waybill materialize model --partition KEY --force` makes a key of it again',
    )
    expect(first.words).toContain('report was not run: alloy was not run either')
    const told = first.results.filter(({ action }) => action === 'check')
    expect(told.map(({ status }) => status).toSorted()).toEqual(['error', 'notneeded'])
    expect(await checksOf(box, 'model', 'tin')).toMatchObject([
      { name: 'pure', passed: false, severity: 'ERROR', exit_code: 1 },
      { name: 'shiny', passed: false, exit_code: 1 },
    ])
    expect(await checksOf(box, 'model', 'gold')).toMatchObject([
      { name: 'pure', passed: true },
      { name: 'shiny', passed: true },
    ])
    expect([box.exists('ds/alloys/gold.txt'), box.exists('ds/alloys/tin.txt')]).toEqual([true, false])
    const shown = await box.waybill(['show', 'models/tin.txt'], { cwd: 'ds' })
    expect(shown.stdout).toMatch(/checks: .*pure failed \(exit code 1\)/)

    // Nothing but git knows it now.
    rmSync(box.path('ds/.git/waybill/assets.db'))
    const plan = await tell(box, ['plan', '--site', site])
    expect(plan.results).toMatchObject([
      { asset: 'model', status: 'notneeded' },
      { asset: 'alloy', status: 'impossible', stale: [], blocked: [{ keys: ['tin'] }] },
      { asset: 'report', status: 'impossible', blocked: [{ reason: { kind: 'upstream-blocked' } }] },
    ])
    const words = await box.waybill(['plan'], { cwd: 'ds' })
    expect(words.stdout).toContain('alloy: 1 of 2 keys (tin): blocked: the check pure of model did not pass')
    const again = await tell(box, ['materialize', '--site', site, '--force', 'alloy'])
    expect(again.code).toBe(1)
    expect(again.words).toContain('alloy was not run: the check pure of model did not pass')
    expect(box.exists('ds/alloys/tin.txt')).toBe(false)

    box.write('mended', '')
    const mended = await tell(box, ['materialize', '--site', site, '--force', 'model', '--partition', 'tin'])
    expect(mended.code, mended.words).toBe(0)
    const last = await tell(box, ['materialize', '--site', site])
    expect(last.code, last.words).toBe(0)
    expect(box.read('ds/report.txt')).toBe('7 gold\n7 tin\n')
  },
  180_000,
)

test('which checks block is what the definitions say today, and a new check makes nothing stale', async () => {
  await using box = await project(model, { 'pure.sh': pure })
  await tell(box, ['materialize', 'model'])
  const free = `${head}${model.replace(', blocking: true', '').replace('shiny:', 'new: { run: "false", blocking: true }\n      shiny:')}`
  await addFiles(box, 'ds', { 'waybill.yaml': free })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/report.txt')).toBe('7 gold\n7 tin\n')
  await addFiles(box, 'ds', { 'waybill.yaml': `${head}${model}` })
  const plan = await tell(box, ['plan', '--force', 'alloy'])
  expect(plan.results).toMatchObject([{ stale: [{ keys: ['gold'] }], blocked: [{ keys: ['tin'] }] }])
})

test.each(sites)(
  'a metric that must not be so fails, and one that is not known neither (%s)',
  async (site) => {
    await using box = await project(`
  slow:
    outputs: [slow.txt]
    run: echo 1 >slow.txt
    checks:
      long: { metric: "elapsed_seconds >= 0", blocking: true }
      short: { metric: "elapsed_seconds < 0" }
      power: { metric: "energy_kwh > 1", blocking: true }
  next: { needs: [slow], outputs: [next.txt], run: cp slow.txt next.txt }
`)
    const told = await tell(box, ['materialize', '--site', site], { env: { WAYBILL_FACTS_WAIT: '10' } })
    expect(told.code).toBe(1)
    expect(told.words).toMatch(
      /slow: the check long did not pass \([\d.]+ is what must not be: elapsed_seconds >= 0\)/,
    )
    expect(told.words).toContain('slow: the check power cannot be judged: energy_kwh is not available')
    expect(told.words).toContain('next was not run: the check long of slow did not pass')
    expect(await checksOf(box, 'slow')).toMatchObject([
      { name: 'long', passed: false, condition: 'elapsed_seconds >= 0' },
      { name: 'short', passed: true },
      { name: 'power', passed: null, why: 'not available' },
    ])
    await addFiles(box, 'ds', { 'waybill.yaml': box.read('ds/waybill.yaml').replace('>= 0', '< 0') })
    const forced = await tell(box, ['materialize', '--site', site, '--force', 'slow'])
    expect(forced.code, forced.words).toBe(0)
    const free = await tell(box, ['materialize', '--site', site])
    expect(free.code, free.words).toBe(0)
  },
)

const pipes = `
import sys
from dagster_pipes import open_dagster_pipes
with open_dagster_pipes() as pipes:
    print(pipes.asset_key, pipes.get_extra("depth"))
    pipes.report_asset_check(sys.argv[1], passed=sys.argv[2] == "yes", severity=sys.argv[3], metadata={"rows": 3})
    if sys.argv[4:] == ["raise"]:
        raise ValueError("no good")
`

test.each(sites)('a check may speak Dagster Pipes, and so may payloads of checks (%s)', async (site) => {
  await using box = await sandboxWithDataset()
  const python = join(box.runtime.peersBin, 'python')
  const run = (...words: readonly string[]): string =>
    `{ exec: ["${python}", pipes.py, ${words.join(', ')}] }`
  await addFiles(box, 'ds', {
    'waybill.yaml': `${head}
  fine:
    outputs: []
    extras: { depth: 3 }
    run: ":"
    checks:
      good: { run: ${run('good', '"yes"', 'ERROR')}, blocking: true }
      mild: { run: ${run('mild', '"no"', 'WARN')}, blocking: true }
  bad:
    outputs: []
    extras: { depth: 3 }
    run: ":"
    checks: { good: { run: ${run('good', '"no"', 'ERROR')}, blocking: true } }
  thrown:
    outputs: []
    extras: { depth: 3 }
    run: ":"
    checks: { good: { run: ${run('good', '"yes"', 'ERROR', 'raise')} } }
  own:
    outputs: []
    extras: { depth: 3 }
    run: ${run('good', '"no"', 'ERROR')}
    checks: { good: { metric: "elapsed_seconds < 0", blocking: true } }
  next: { needs: [fine], outputs: [next.txt], run: echo 1 >next.txt }
  never: { needs: [bad], outputs: [never.txt], run: echo 1 >never.txt }
  nor: { needs: [own], outputs: [nor.txt], run: echo 1 >nor.txt }
`,
    'pipes.py': pipes,
  })
  const told = await tell(box, ['materialize', '--site', site])
  expect(told.code).toBe(1)
  expect(told.words).toContain('bad: the check good did not pass')
  expect(told.words).toContain('fine: the check mild did not pass')
  expect(told.words).toContain('thrown: the check good did not pass (exit code 1; ValueError: no good)')
  expect(told.words).toContain('never was not run: the check good of bad did not pass')
  expect(told.words).toContain('nor was not run: the check good of own did not pass')
  expect(await checksOf(box, 'next')).toEqual([])
  const metadata = { rows: { raw_value: 3, type: 'int' } }
  expect(await checksOf(box, 'fine')).toMatchObject([
    { name: 'good', passed: true, metadata },
    { name: 'mild', passed: false, severity: 'WARN', metadata },
  ])
  expect(await checksOf(box, 'own')).toMatchObject([
    { name: 'good', passed: true, condition: 'elapsed_seconds < 0' },
    { name: 'good', passed: false, severity: 'ERROR', metadata },
  ])
})

test('a check that is ended from outside, before its shell hears of that, is not known', async () => {
  await using box = await project(`
  model:
    outputs: [model.txt]
    run: echo 1 >model.txt
    checks:
      ended: { run: "exec sh -c 'kill -TERM $$'", blocking: true }
      crashed: { run: "exec sh -c 'kill -ABRT $$'" }
  next: { needs: [model], outputs: [next.txt], run: cp model.txt next.txt }
`)
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(1)
  expect(told.words).toContain('model: the check ended did not come to its end')
  expect(told.words).toContain('model: the check crashed did not pass (exit code 134)')
  expect(told.words).toContain('next was not run: the check ended of model did not pass')
  expect(await checksOf(box, 'model')).toMatchObject([
    { name: 'ended', passed: null, why: 'SIGTERM' },
    { name: 'crashed', passed: false, exit_code: 134 },
  ])
})

test('a limit of time that ends a check leaves it unknown, and what the payload made is kept', async () => {
  await using box = await project(`
  model:
    outputs: [model.txt]
    resources: { time: "00:01" }
    run: echo 1 >model.txt
    checks: { slow: { run: sleep 600, blocking: true } }
  next: { needs: [model], outputs: [next.txt], run: cp model.txt next.txt }
`)
  const told = await tell(box, ['materialize', '--site', 'cluster'], { limitMs: 150_000 })
  expect(told.code, told.words).toBe(1)
  expect(told.words).toContain('model: the check slow did not come to its end')
  expect(told.words).toContain('next was not run: the check slow of model did not pass')
  expect(await checksOf(box, 'model')).toMatchObject([{ name: 'slow', passed: null, why: 'TIMEOUT' }])
}, 180_000)
