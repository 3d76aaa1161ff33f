import { readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { assetsHead, assetsMade, recordOfPiece, project, sites } from './support/assets.ts'
import { addFiles, finish, openJobs, recordOf, status, tell } from './support/scenario.ts'
import { repeatHere, repeatOnSlurm } from './support/repeat.ts'
import type { Sandbox } from './support/sandbox.ts'

// Many commands, one after the other.
vi.setConfig({ testTimeout: 180_000 })

const graph = `${assetsHead}
  model:
    outputs: ["models/{metal}.txt"]
    partitions: { metal: [gold, silver] }
    run: { bash: scripts/model.sh, args: ["{metal}"] }
    env: { SEED: "7" }
    extras: { depth: 3 }
  report: { needs: [model], outputs: [report.txt], run: cat models/gold.txt models/silver.txt >report.txt }
  side: { outputs: [], run: bash scripts/side.sh }
`

const scripts = {
  'scripts/model.sh': `mkdir -p models; echo "$1 $WAYBILL_KEY $SEED" >"models/$1.txt"\n`,
  'scripts/side.sh': `printf '{"data_version": "v1"}\\n' >>"$WAYBILL_MESSAGES"\n`,
}

async function planned(box: Sandbox): Promise<string> {
  return (await box.waybill(['plan'], { cwd: 'ds' })).stdout
}

async function repeat(box: Sandbox, site: string, words: readonly string[]): Promise<void> {
  await (site === 'here' ? repeatHere(box, words) : repeatOnSlurm(box, words))
}

test.each(sites)(
  'a record run again makes its asset as it is now (%s)',
  async (site) => {
    await using box = await project(graph, scripts)
    const all = await tell(box, ['materialize', '--site', site])
    expect(all.code, all.words).toBe(0)
    box.write('ds/scripts/model.sh', scripts['scripts/model.sh'].replace('$SEED', '$SEED!'))
    await tell(box, ['reschedule', await recordOfPiece(box, 'model gold')])
    const [job] = await openJobs(box)
    const told = await tell(box, ['plan', 'model'])
    expect(told.results).toMatchObject([
      { asset: 'model', fresh: 0, stale: [{ keys: ['silver'] }], making: [{ count: 1, keys: ['gold'] }] },
    ])
    const words = await planned(box)
    expect(words).toContain('model: 1 of 2 keys (silver): code changed\n')
    expect(words).toMatch(/model: 1 of 2 keys \(gold\): being made by job \w+\n/)
    expect(words).toContain('report: upstream is made again (model)\n')
    expect(words).toMatch(/\nbeing made +1 +1\nfresh/)
    // A run waits for it like for its own.
    const rest = await tell(box, ['materialize', '--site', site])
    expect(rest.code, rest.words).toBe(0)
    expect(job).toBeDefined()
    expect((await assetsMade(box)).slice(4).toSorted()).toEqual(['model gold', 'model silver', 'report'])
    expect(await planned(box)).toBe('nothing to do\n')

    await box.git('ds', 'commit', '-qam', 'louder')
    await repeat(box, site, [await recordOfPiece(box, 'model gold')])
    expect(await planned(box)).toBe('nothing to do\n')

    const original = await recordOfPiece(box, 'model gold')
    const [commit = ''] = original.split(':')
    expect((await recordOf(box, commit)).record).toMatchObject({ extra_inputs: ['scripts/model.sh'] })
    await addFiles(box, 'ds', { 'scripts/model.sh': 'exit 1\n' })
    expect(await planned(box)).toContain('model: all 2 keys (gold..silver): code changed\n')
    await repeat(box, site, ['--as-recorded', original])
    expect(box.read('ds/scripts/model.sh')).toContain('$SEED!')
    expect(await planned(box)).toBe('nothing to do\n')
    await repeat(box, site, [await recordOfPiece(box, 'side')])
    expect((await recordOf(box)).record.waybill).toMatchObject({
      data_version: 'v1',
      asset: { name: 'side' },
    })
    expect(await planned(box)).toBe('nothing to do\n')
    expect(await status(box)).toBe(' M scripts/model.sh')
  },
  240_000,
)

test('a record whose command is not what is defined now runs again as it was, and counts for no plan', async () => {
  await using box = await project(graph, scripts)
  await tell(box, ['materialize', 'model'])
  const record = await recordOfPiece(box, 'model gold')
  box.write('ds/waybill.yaml', graph.replace('SEED: "7"', 'SEED: "8"'))
  const again = await tell(box, ['reschedule', record])
  expect(again.words).toContain(
    'what it makes does not count as model gold: the definitions have another command for it now',
  )
  expect((await tell(box, ['plan', 'model'])).results).toMatchObject([{ making: [], fresh: 0 }])
  while ((await openJobs(box)).length > 0) await tell(box, ['finish'])
  expect(box.read('ds/models/gold.txt')).toBe('gold gold 7\n')
  expect((await tell(box, ['plan', 'model'])).results).toMatchObject([{ fresh: 0 }])
  expect(await assetsMade(box)).toHaveLength(2)
  box.write('ds/waybill.yaml', 'assets: {')
  expect((await tell(box, ['reschedule', record])).words).toContain('no definitions here that can be read')
})

test('options that a repeat overrides make no other asset of it', async () => {
  await using box = await project(graph, scripts)
  await tell(box, ['materialize', 'model', '--site', 'cluster'])
  const record = await recordOfPiece(box, 'model gold')
  await repeatOnSlurm(box, [record, '--', '--time=5'])
  expect(await assetsMade(box)).toEqual(['model gold', 'model silver', 'model gold'])
  expect((await recordOf(box)).record.cmd).toContain('--time=5')
  expect((await tell(box, ['plan', 'model'])).results).toMatchObject([{ fresh: 2 }])
  await finish(box)
})

test('what is known to be fresh is not looked at again, and what an open job makes is waited for all the same', async () => {
  await using box = await project(graph, scripts)
  await tell(box, ['materialize'])
  const isKnown = (): boolean =>
    readdirSync(box.path('ds/.git/waybill')).some((name) => name.startsWith('fresh-'))
  // What was made just now might be made again unseen.
  while (!isKnown()) expect(await planned(box)).toBe('nothing to do\n')
  expect(await planned(box)).toBe('nothing to do\n')
  expect(await tell(box, ['materialize'])).toMatchObject({ code: 0, results: [] })
  expect((await tell(box, ['plan'])).results).toMatchObject([
    { asset: 'model', keys: 2, chosen: 2, fresh: 2 },
    { asset: 'report', keys: null, chosen: 1, fresh: 1 },
    { asset: 'side', keys: null, chosen: 1, fresh: 1 },
  ])
  await tell(box, ['reschedule', await recordOfPiece(box, 'model gold')])
  expect(await planned(box)).toContain('being made by job')
  expect(await tell(box, ['materialize'])).toMatchObject({ code: 0 })
  expect(await openJobs(box)).toEqual([])
  expect((await assetsMade(box)).at(-1)).toBe('model gold')
  box.write('ds/scripts/side.sh', `${scripts['scripts/side.sh']}true\n`)
  expect(await planned(box)).toContain('side: code changed\n')
})

test('what is stale is made until nothing is, of chosen keys too', async () => {
  await using box = await project(graph, scripts)
  await tell(box, ['materialize', 'side'])
  const stale = await tell(box, ['materialize', 'stale and not report', '--partition', 'gold'])
  expect(stale.code, stale.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['side', 'model gold'])
  await tell(box, ['materialize'])
  const fresh = await tell(box, ['materialize', 'stale', '--partition', 'gold'])
  expect(fresh).toMatchObject({ code: 0, results: [] })
  expect((await tell(box, ['materialize', 'stale', '--partition', 'lead'])).words).toContain('no key lead')
})

const two = (resources: string): string => `${assetsHead}
  raw: { outputs: [raw.txt], run: echo 1 >raw.txt }
  part: { needs: [raw], outputs: ["{n}.txt"], partitions: { n: [x, y] }, run: "cp raw.txt {n}.txt"${resources} }
`

test('the index beside git is made anew when it is gone or damaged, and nothing is made again', async () => {
  await using box = await project(two(''))
  expect((await tell(box, ['materialize'])).code).toBe(0)
  for (const harm of ['rm -f "$1"', 'echo harm >"$1"', 'truncate -s 4096 "$1"']) {
    const line = `[ -s "$1" ] && rm -f "$1"-* && ${harm}`
    await box.run(['sh', '-c', line, 'sh', '.git/waybill/assets.db'], { cwd: 'ds' })
    const told = await tell(box, ['materialize'])
    expect([told.code, told.results], harm + told.stderr).toEqual([0, []])
  }
})

test('resources make nothing stale', async () => {
  await using box = await project(two(''))
  expect((await tell(box, ['materialize'])).code).toBe(0)
  await addFiles(box, 'ds', {
    'waybill.yaml': two(
      ', resources: { cpus: 2, memory: 1G, time: 5 }, keys: { x: { resources: { cpus: 1 } } }',
    ),
  })
  expect((await box.waybill(['plan'], { cwd: 'ds' })).stdout).toBe('nothing to do\n')
})
