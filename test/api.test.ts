import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attempt } from '../dev/setup/command.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { checkout } from './support/runtime.ts'
import type { Sandbox } from './support/sandbox.ts'
import { changesOf, recordOf, sandboxWithDataset, tell, type JsonResult } from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
  // As npm would have installed it beside the user's script.
  mkdirSync(box.path('node_modules'))
  symlinkSync(dirname(dirname(box.runtime.entry)), box.path('node_modules/waybill'))
})
afterAll(async () => box.dispose())

/** Runs a user's script that imports the package, and gives what it printed as JSON. */
async function script(text: string, options: { readonly cwd?: string } = {}): Promise<unknown> {
  const path = box.write('script.mjs', `import * as waybill from 'waybill'\n${text}`)
  const { stdout } = await box.run(['node', path], { env: { WAYBILL_FACTS_WAIT: '0' }, ...options })
  return JSON.parse(stdout)
}

const print = (value: string): string => `console.log(JSON.stringify(${value}))`

interface Told {
  readonly results: readonly JsonResult[]
  readonly exitCode: number
}

describe("from a user's script", () => {
  test('a job is scheduled, finished and shown, with the results of --json', async () => {
    const scheduled = (await script(`
      const seen = []
      const dataset = await waybill.openDataset('ds')
      const told = await waybill.schedule(dataset, ['sbatch', 'job.sh', 'echo 1 >a'], {
        outputs: ['a'], message: 'from a script', onResult: (result) => seen.push(result),
      })
      const { jobs } = await waybill.jobs(dataset)
      dataset.close()
      ${print('{ ...told, seen, open: jobs.map(({ job, cmd }) => ({ job, cmd })), root: dataset.root }')}
    `)) as Told & { readonly seen: unknown; readonly open: unknown; readonly stdout: string }
    const [result] = scheduled.results
    const id = result?.slurm_job_id ?? 0
    const cmd = "sbatch job.sh 'echo 1 >a'"
    expect(scheduled).toMatchObject({ exitCode: 0, root: box.path('ds'), seen: scheduled.results })
    expect(scheduled.open).toEqual([{ job: result?.job, cmd }])
    expect(scheduled.stdout).toBe(`Submitted batch job ${id}\n`)
    expect(result).toMatchObject({ action: 'schedule', status: 'ok', type: 'dataset', message: cmd })
    await jobEnded(box, id)
    await jobAccounted(box, id)
    const done = (await script(`
      const dataset = await waybill.openDataset('ds')
      const told = await waybill.finish(dataset, ['${id}'])
      const { shown } = await waybill.show(dataset)
      ${print('{ ...told, shown }')}
    `)) as Told & { readonly shown: { readonly record: unknown } }
    expect(done.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ action: 'add', status: 'ok', path: 'a' }),
        expect.objectContaining({
          action: 'save',
          job: result?.job,
          commit: await box.git('ds', 'rev-parse', 'HEAD'),
        }),
      ]),
    )
    const recorded = await recordOf(box)
    expect(done.shown.record).toMatchObject({ cmd, slurm_job_id: id, dsid: recorded.record['dsid'] })
    expect(recorded.message).toContain('\n\nfrom a script\n')
    expect(await changesOf(box)).toContain('A a')
  })

  test('many jobs are scheduled at once, each told by its line; results need not be kept', async () => {
    const told = (await script(`
      const seen = []
      const dataset = await waybill.openDataset('ds')
      const jobs = [
        { command: ['sbatch', '--hold', 'job.sh', 'true'], outputs: ['many-1'] },
        { command: 'sbatch --hold job.sh true' },
        JSON.stringify({ command: ['sbatch', '--hold', 'job.sh', 'true'], outputs: ['many-3'] }),
      ]
      const told = await waybill.scheduleBatch(dataset, jobs, {
        defaults: { outputs: ['many-2'] }, keepResults: false, onResult: (result) => seen.push(result),
      })
      let wrong = null
      await waybill.scheduleBatch(dataset, [], { defaults: { output: [] } }).catch((error) => (wrong = error.message))
      await waybill.cancel(dataset, seen.map(({ job }) => job))
      await waybill.close(dataset, seen.map(({ job }) => job), { force: true })
      ${print('{ ...told, seen, wrong }')}
    `)) as Told & { readonly seen: readonly JsonResult[]; readonly wrong: string }
    expect(told).toMatchObject({ exitCode: 0, results: [] })
    expect(told.seen.map((one) => [one.status, (one as { line?: number }).line])).toEqual([
      ['ok', 1],
      ['ok', 2],
      ['ok', 3],
    ])
    expect(told.wrong).toContain('there is no option output')
  })

  test('a refusal is a result with the words of the command', async () => {
    const call = `waybill.schedule(await waybill.openDataset('ds'), ['sbatch', 'none.sh'], { outputs: ['b'] })`
    const refused = (await script(print(`await ${call}`))) as Told
    const command = await tell(box, ['schedule', '-o', 'b', 'sbatch', 'none.sh'])
    expect(refused).toMatchObject({ results: command.results, exitCode: command.code })
    expect(command.code).toBe(1)
  })

  test('a command of this machine is scheduled, followed and closed', async () => {
    const told = (await script(`
      const dataset = await waybill.openDataset('ds')
      const { results: [{ job }] } = await waybill.schedule(dataset, ['sh', '-c', 'echo hello; exit 3'], { outputs: ['c'] })
      let text = ''
      const { path } = await waybill.logs(dataset, job, { follow: true, onText: (piece) => { text += piece; return true } })
      const kept = await waybill.finish(dataset)
      const closed = await waybill.close(dataset, [job])
      const open = (await waybill.jobs(dataset)).jobs.length
      ${print('{ text, named: path.startsWith(dataset.root), kept: kept.exitCode, closed, open }')}
    `)) as { readonly closed: Told }
    expect(told).toMatchObject({ text: 'hello\n', named: true, kept: 1, open: 0, closed: { exitCode: 0 } })
    expect(told.closed.results).toMatchObject([{ action: 'close', status: 'ok' }])
  })

  test('two calls of finish at once make one record a job', async () => {
    const commits = async (): Promise<number> => Number(await box.git('ds', 'rev-list', '--count', 'HEAD'))
    const before = await commits()
    const told = (await script(`
      const [dataset, again] = [await waybill.openDataset('ds'), await waybill.openDataset('ds')]
      for (const name of ['e', 'f', 'g']) {
        const { results: [{ job }] } = await waybill.schedule(dataset, ['sh', '-c', 'echo ' + name + ' >' + name], { outputs: [name] })
        await waybill.logs(dataset, job, { follow: true, onText: () => true })
      }
      const all = await Promise.all([dataset, again, dataset].map((one) => waybill.finish(one)))
      ${print('all')}
    `)) as readonly Told[]
    expect(told.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    const saved = told.flatMap(({ results }) => results.filter(({ action }) => action === 'save'))
    expect(saved.length).toBe(3)
    expect(await commits()).toBe(before + 3)
  })

  test('paths and the place of submission are those of the directory that is opened', async () => {
    box.write('ds/sub/.keep', '')
    const told = (await script(
      `const dataset = await waybill.openDataset(${JSON.stringify(box.path('ds/sub'))})
      const told = await waybill.schedule(dataset, ['touch', 'd'], { outputs: ['d'], dryRun: 'basic' })
      ${print('told')}`,
      { cwd: '.' },
    )) as { readonly stdout: string }
    expect(told.stdout).toContain('reserves: sub/d\n')
    expect(told.stdout).toContain(', in sub\n')
  })

  test('what machine this is can be asked anywhere', async () => {
    const told = (await script(print("await waybill.doctor('/')"))) as { readonly findings: unknown }
    expect(told).toMatchObject({ inRepository: false, exitCode: 0 })
    expect(told.findings).toContainEqual(expect.objectContaining({ what: 'git', state: 'ok' }))
  })
})

describe('what cannot be is thrown', () => {
  const thrown = (call: string): Promise<unknown> =>
    script(`
      try { await (${call}) }
      catch (error) {
        ${print('{ name: error.name, kind: error.kind, message: error.message, ours: error instanceof waybill.WaybillError }')}
      }`)

  test.each([
    ["schedule(await waybill.openDataset('ds'), ['true'], { output: ['a'] })", /no option output; known are/],
    ["schedule(await waybill.openDataset('ds'), ['true'], { outputs: 'a' })", /outputs must be an array/],
    ["schedule(await waybill.openDataset('ds'), 'sbatch x')", /the command must be an array of strings/],
    ["finish(await waybill.openDataset('ds'), [], { failedJobs: 'x' })", /must be "keep" or "close" or/],
    ["finish({ root: '/' })", /must be what openDataset\(\) gave/],
    ["openDataset('ds', { env: { A: 1 } })", /env must be an object of strings/],
    ["adopt(await waybill.openDataset('ds'), 'w1', 'x')", /a string of digits/],
  ])('%s', async (call, words) => {
    const error = await thrown(`waybill.${call}`)
    expect(error).toMatchObject({ name: 'TypeError', message: expect.stringMatching(words) as string })
  })

  test('no dataset, and a closed one', async () => {
    expect(await thrown("waybill.openDataset('..')")).toMatchObject({
      name: 'WaybillError',
      kind: 'not-a-repository',
      message: expect.stringContaining('make one with `git init`') as string,
      ours: true,
    })
    const closed =
      "waybill.openDataset('ds').then((dataset) => { dataset.close(); return waybill.jobs(dataset) })"
    expect(await thrown(closed)).toMatchObject({ name: 'TypeError' })
  })

  test('a ledger that cannot be read', async () => {
    await box.run(['sh', '-c', 'git init -q broken; mkdir broken/.git/waybill'])
    box.write('broken/.git/waybill/ledger.db', 'no database\n'.repeat(200))
    expect(await thrown("waybill.openDataset('broken')")).toMatchObject({
      name: 'WaybillError',
      kind: 'ledger-unreadable',
      ours: true,
    })
  })
})

test('a TypeScript consumer compiles, and its mistakes do not', async () => {
  box.write(
    'consumer.ts',
    `import { finish, openDataset, schedule, WaybillError, type Result, type ScheduleOptions } from 'waybill'
const options: ScheduleOptions = { outputs: ['a'], onResult: ({ status, message }: Result) => console.log(status, message) }
export async function main(): Promise<number> {
  const dataset = await openDataset('.', { env: {} })
  const { results, stdout } = await schedule(dataset, ['sbatch', 'x'], options)
  const job: string | undefined = results[0]?.job
  // @ts-expect-error there is no such option
  await schedule(dataset, ['x'], { output: ['a'] })
  // @ts-expect-error it is one of three words
  await finish(dataset, [], { failedJobs: 'drop' })
  const { exitCode } = await finish(dataset, job === undefined ? [] : [job])
  return exitCode + stdout.length
}
export const wordsOf = (error: unknown): string => (error instanceof WaybillError ? error.message + error.kind : '')
`,
  )
  const config = {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2024',
    noEmit: true,
  }
  const types = { types: ['node'], typeRoots: [join(checkout, 'node_modules/@types')] }
  box.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...config, ...types }, files: ['consumer.ts'] }),
  )
  box.write('package.json', '{ "type": "module" }')
  cpSync(join(checkout, 'node_modules/@types'), box.path('node_modules/@types'), {
    recursive: true,
    dereference: true,
  })
  const tsc = join(checkout, 'node_modules/.bin/tsc')
  expect(attempt(tsc, ['-p', '.'], { cwd: box.folder, env: process.env })).toMatchObject({
    code: 0,
    stdout: '',
  })
})
