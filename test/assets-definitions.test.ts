import { afterAll, beforeAll, expect, test } from 'vitest'
import { Sandbox } from './support/sandbox.ts'
import { tell } from './support/scenario.ts'

let box: Sandbox

beforeAll(async () => {
  box = await Sandbox.create()
  await box.dataset('ds', { annex: 'none' })
})

afterAll(async () => box.dispose())

const check = async (cwd: string, env: Readonly<Record<string, string | undefined>> = {}) =>
  box.waybill(['assets', 'check'], { cwd, env, allowFailure: true })

test('the example holds, is listed, runs, and is never overwritten', async () => {
  box.write('ds/example/notes', '')
  const first = await box.waybill(['init'], { cwd: 'ds/example' })
  expect(first.stdout).toContain('init(ok): example/waybill.yaml (file)')
  expect((await check('ds/example/scripts')).stdout).toMatch(/waybill\.yaml: 3 assets with 3 keys, 1 site/)
  const { stdout } = await box.waybill(['assets', 'list'], { cwd: 'ds/example' })
  expect(stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual([
    'NAME',
    'prices',
    'model',
    'report',
    '',
  ])
  for (const line of [
    'bash scripts/fetch.sh data/prices.csv',
    ...['gold', 'silver', 'bronze'].map(
      (one) => `bash scripts/model.sh ${one} data/prices.csv models/${one}.txt`,
    ),
    'bash scripts/report.sh report.md',
  ])
    await box.run(['sh', '-c', line], { cwd: 'ds/example' })
  expect(box.read('ds/example/report.md')).toContain('| bronze | 7 |')
  box.write('ds/example/waybill.yaml', 'mine\n')
  const again = await tell(box, ['init'], { cwd: 'ds/example' })
  expect(again).toMatchObject({ code: 1, results: [{ status: 'impossible', path: 'example/waybill.yaml' }] })
  expect(box.read('ds/example/waybill.yaml')).toBe('mine\n')
})

test('every problem is a line with its place, in the order of the file, and the exit code says so', async () => {
  box.write('ds/wrong/waybill.yaml', 'assets:\n  a: { run: "true", needs: [b], outputz: [] }\n  c: {}\n')
  expect(await check('ds/wrong')).toMatchObject({
    code: 1,
    stdout: [
      'waybill.yaml:2:29: assets.a.needs.b: there is no asset or external source b; did you mean a?',
      'waybill.yaml:2:33: assets.a.outputz: there is no such key; did you mean outputs?',
      'waybill.yaml:3:3: assets.c: the key run is missing',
      '',
    ].join('\n'),
    stderr: 'waybill: 3 problems in waybill.yaml\n',
  })
  const list = await box.waybill(['assets', 'list', '--json'], { cwd: 'ds/wrong', allowFailure: true })
  expect(list.code).toBe(1)
  expect(
    list.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { line: 2, column: 29, kind: 'unknown-need' },
    { line: 2, column: 33, kind: 'unknown-key', nearest: 'outputs' },
    { line: 3, column: 3, kind: 'missing-key' },
  ])
})

test('where nothing is defined, or twice, the next step is told', async () => {
  box.write('ds/empty/notes', '')
  expect(await check('ds/empty')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('waybill init') as string,
  })
  box.write('ds/two/waybill.yaml', '')
  box.write('ds/two/waybill.config.ts', '')
  expect((await check('ds/two')).stderr).toContain('both waybill.yaml and waybill.config.ts')
  expect((await check('.')).stderr).toContain('in no git repository')
})

test('code runs when it is trusted as it is, and not before', async () => {
  const code = 'export default (): object => ({ assets: { a: { run: `true`, outputs: [`x`] } } })\n'
  box.write(
    'ds/code/waybill.config.ts',
    `import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')\n${code}`,
  )
  const untrusted = await check('ds/code')
  expect(untrusted).toMatchObject({ code: 1, stdout: '' })
  expect(untrusted.stderr).toContain('waybill trust waybill.config.ts')
  expect(box.exists('ds/code/ran')).toBe(false)
  await box.waybill(['trust'], { cwd: 'ds/code' })
  expect(await check('ds/code')).toMatchObject({ code: 0, stderr: '' })
  expect(box.exists('ds/code/ran')).toBe(true)
  box.write('ds/code/waybill.config.ts', code)
  expect((await check('ds/code')).stderr).toContain('has changed since you trusted it')
  expect((await box.waybill(['trust', 'waybill.config.ts', '--json'], { cwd: 'ds/code' })).stdout).toContain(
    '"ok"',
  )
  expect((await check('ds/code')).code).toBe(0)
})

test('resources that no partition of the cluster has are found; a silent Slurm is a warning', async () => {
  box.write(
    'ds/big/waybill.yaml',
    'sites: { c: { scheduler: slurm } }\nassets: { a: { run: "true", resources: { cpus: 9999 } } }\n',
  )
  const found = await check('ds/big')
  expect(found.code).toBe(1)
  expect(found.stdout).toMatch(
    /^waybill\.yaml:2:40: assets\.a\.resources: no partition .* cpus: 9999 asked, \d+ there/,
  )
  box.write(
    'broken/sinfo',
    '#!/bin/sh\necho "sinfo: error: Unable to contact slurm controller" >&2\nexit 1\n',
    0o755,
  )
  const silent = await check('ds/big', { PATH: `${box.path('broken')}:${box.environment()['PATH']}` })
  expect(silent).toMatchObject({ code: 0 })
  expect(silent.stderr).toContain('Slurm was not asked what its partitions have')
})

test('the schema is what the package has, too', async () => {
  const { stdout } = await box.waybill(['assets', 'schema'])
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', additionalProperties: false })
})
