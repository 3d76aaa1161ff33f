import { existsSync, lstatSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

const bytes = (seed: number): Buffer => Buffer.alloc(3000, Buffer.from([0, 1, 2, 255, seed]))

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'data/a.bin': bytes(1), 'data/b.bin': bytes(2), 'old.bin': bytes(3) })
})
afterAll(async () => box.dispose())

/** A clone in which no annexed content is. */
async function clone(name: string): Promise<void> {
  await box.run(['git', 'clone', '-q', 'ds', name])
  await box.git(name, 'annex', 'init', '-q', name)
}

test('--assume-ready inputs fetches nothing, and the record still names the key', async () => {
  await clone('c1')
  const words = ['-i', 'data/*.bin', '-o', 'n', '--assume-ready', 'inputs', 'sbatch', 'job.sh', 'ls data >n']
  const told = await scheduleToEnd(box, words, { cwd: 'c1' })
  expect(told.results.map(({ action }) => action)).toEqual(['schedule'])
  expect(existsSync(box.path('c1/data/a.bin'))).toBe(false)
  await finish(box, [], 'c1')
  const { record } = await recordOf(box, 'HEAD', 'c1')
  const key = await box.git('ds', 'annex', 'lookupkey', 'data/a.bin')
  expect(record.waybill['inputs']).toContainEqual(expect.objectContaining({ path: 'data/a.bin', key }))
})

test.each(['outputs', 'both'])('--assume-ready %s leaves annexed outputs locked', async (which) => {
  const words = ['-o', 'old.bin', '--assume-ready', which, 'sbatch', 'job.sh', 'rm old.bin; echo 1 >old.bin']
  const told = await schedule(box, words)
  expect(told.words).not.toContain('made writable')
  await jobEnded(box, told.id)
  await finish(box)
  // A link before, a file of git's now.
  expect(await changesOf(box)).toContain('T old.bin')
  expect(await status(box)).toBe('')
  await addFiles(box, 'ds', { 'old.bin': bytes(which.length) })
  expect(lstatSync(box.path('ds/old.bin')).isSymbolicLink()).toBe(true)
})

test('--jobs lets git-annex fetch several at once', async () => {
  await clone('c2')
  const words = ['-J', '2', '-i', 'data', '-o', 'm', 'sbatch', 'job.sh', 'cat data/* | cksum >m']
  const traced = { cwd: 'c2', env: { GIT_TRACE: box.path('trace') } }
  box.write('trace', '')
  const told = await schedule(box, words, traced)
  const got = told.results.filter(({ action }) => action === 'get').map(({ path }) => path)
  expect(got).toEqual(['data/a.bin', 'data/b.bin'])
  expect(box.read('trace')).toContain('--jobs=2')
})

test('--expand inputs and outputs: the record names what there was', async () => {
  const work = 'mkdir -p e; for i in 1 2; do echo $i >e/x$i; done'
  const words = [
    '--expand',
    'both',
    '-i',
    'data/*.bin',
    '-o',
    'e/x*',
    '-o',
    'e/none-*',
    'sbatch',
    'job.sh',
    work,
  ]
  const { id } = await scheduleToEnd(box, words)
  expect((await tell(box, ['finish'])).words).toContain('output e/none-* was declared, but')
  const { record } = await recordOf(box)
  expect(record.inputs).toEqual(['data/a.bin', 'data/b.bin'])
  expect(record.outputs).toEqual(['e/x1', 'e/x2', 'e/none-*', `slurm-${id}.out`, `slurm-job-${id}.env.json`])
})

test('without --expand the patterns stay, and with one of them the other does', async () => {
  await scheduleToEnd(box, ['-i', 'data/*.bin', '-o', 'f/x*', 'sbatch', 'job.sh', 'mkdir f; echo 1 >f/x1'])
  await finish(box)
  expect((await recordOf(box)).record).toMatchObject({ inputs: ['data/*.bin'] })
  expect((await recordOf(box)).record.outputs[0]).toBe('f/x*')
  const words = ['--expand', 'inputs', '-i', 'data/*.bin', '-o', 'f/x*', 'sbatch', 'job.sh', 'echo 2 >f/x1']
  await scheduleToEnd(box, words)
  await finish(box)
  expect((await recordOf(box)).record).toMatchObject({ inputs: ['data/a.bin', 'data/b.bin'] })
  expect((await recordOf(box)).record.outputs[0]).toBe('f/x*')
})

test('--check-outputs no reserves what another open job has, and says so', async () => {
  const words = ['-o', 'g', 'sbatch', '--hold', 'job.sh', 'echo 1 >g']
  const first = await schedule(box, words)
  const refused = await tell(box, ['schedule', ...words])
  expect(refused.words).toContain(`output g conflicts with g of job ${first.job}`)
  expect((await tell(box, ['schedule', '--check-outputs', 'yes', ...words])).code).toBe(1)
  const second = await schedule(box, ['--check-outputs', 'no', ...words])
  expect(second.results.at(-1)).toMatchObject({ status: 'ok', outputs_checked: false })
  expect(first.results.at(-1)).not.toHaveProperty('outputs_checked')
  await tell(box, ['close', '--force', first.job])
  expect((await tell(box, ['schedule', ...words])).words).toContain(`of job ${second.job}`)
  await tell(box, ['cancel', first.job, second.job])
  await tell(box, ['close', '--force', second.job])
})
