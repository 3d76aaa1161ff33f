import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { datalad, newestJob } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Ran } from './support/programs.ts'
import type { RunOptions, Sandbox } from './support/sandbox.ts'
import { sandboxWithDataset } from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  for (const side of ['theirs', 'ours']) {
    await box.run(['git', 'clone', '-q', 'ds', side])
    await box.git(side, 'annex', 'init', '-q')
    symlinkSync(box.path(side), box.path(`${side}-link`))
  }
})
afterAll(async () => box.dispose())

const theirs = async (words: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  datalad(box, 'new', words, { cwd: 'theirs', allowFailure: true, ...options })

const ours = async (words: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  box.waybill(words, { cwd: 'ours', allowFailure: true, env: { WAYBILL_FACTS_WAIT: '0' }, ...options })

async function ended(): Promise<void> {
  const id = await newestJob(box)
  await jobEnded(box, id)
  await jobAccounted(box, id)
}

/** Schedules with ours, waits for the job, and finishes it; all must go well. */
async function weDo(words: readonly string[], options: RunOptions = {}): Promise<void> {
  expect(await ours(['slurm-schedule', ...words], options)).toMatchObject({ code: 0 })
  await ended()
  expect(await ours(['slurm-finish'], options)).toMatchObject({ code: 0 })
}

test('wildcards in outputs', async () => {
  const words = ['-o', 'runs/a-*', 'sbatch', 'job.sh', 'mkdir -p runs; echo 1 >runs/a-1']
  const refused = await theirs(['slurm-schedule', ...words])
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('Wildcards in') as string })
  await weDo(words)
  expect(await box.git('ours', 'ls-files', 'runs')).toBe('runs/a-1')
})

test('a repository that is reached through a symlink', async () => {
  const words = ['-o', 'b', 'sbatch', 'job.sh', 'echo 1 >b']
  // The directory as a shell has it that went there by the link.
  const where = (side: string): RunOptions => ({
    cwd: `${side}-link`,
    env: { PWD: box.path(`${side}-link`) },
  })
  const refused = await theirs(['slurm-schedule', ...words], where('theirs'))
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('realpath') as string })
  await weDo(words, { ...where('ours'), env: { ...where('ours').env, WAYBILL_FACTS_WAIT: '0' } })
  expect(await box.git('ours', 'ls-files', 'b')).toBe('b')
})

test('a log outside the repository', async () => {
  box.write('logs/.keep', '')
  const log = join(box.path('logs'), 'log-%j')
  const words = ['-o', 'c', 'sbatch', '-o', log, 'job.sh', 'echo 1 >c']
  expect(await theirs(['slurm-schedule', ...words])).toMatchObject({ code: 0 })
  await ended()
  expect((await theirs(['slurm-finish'])).code).not.toBe(0)
  await weDo(words)
  expect(await box.git('ours', 'ls-files', 'c')).toBe('c')
})

test('--parsable', async () => {
  const words = ['-o', 'd', 'sbatch', '--parsable', 'job.sh', 'echo 1 >d']
  const lost = await theirs(['slurm-schedule', ...words])
  expect(lost).toMatchObject({ code: 1, stdout: expect.stringContaining('No job was submitted') as string })
  await weDo(words)
})

test('one path spelled in two ways is one path here, and two there', async () => {
  const words = (path: string): readonly string[] => ['-o', path, 'sbatch', '--hold', 'job.sh', 'echo 1 >e']
  for (const path of ['sub/e', './sub//e']) {
    expect(await theirs(['slurm-schedule', ...words(path)])).toMatchObject({ code: 0 })
    await box.run(['scancel', String(await newestJob(box))])
  }
  expect(await ours(['slurm-schedule', ...words('sub/e')])).toMatchObject({ code: 0 })
  expect((await ours(['slurm-schedule', ...words('./sub//e')])).stdout).toContain('conflicts with sub/e')
  await box.run(['scancel', String(await newestJob(box))])
})

test('the list of open jobs stays a list where the original has jobs open, too', async () => {
  const words = ['-o', 'f', 'sbatch', 'job.sh', 'true']
  expect(await theirs(['slurm-schedule', ...words])).toMatchObject({ code: 0 })
  await ended()
  const list = await ours(['slurm-finish', '-l'], { cwd: 'theirs' })
  expect(list).toMatchObject({ code: 0, stdout: '' })
  expect(list.stderr).toContain('of datalad-slurm')
  expect((await ours(['slurm-schedule', ...words], { cwd: 'theirs' })).code).toBe(1)
})

test('their help names them as they were called, and they tell a version', async () => {
  for (const name of ['slurm-schedule', 'slurm-finish', 'slurm-reschedule']) {
    const { stdout } = await ours([name, '--help'])
    const examples = stdout.slice(stdout.indexOf('Examples:'))
    expect(examples).toContain(`waybill ${name}`)
    expect(examples).not.toContain(`waybill ${name.slice('slurm-'.length)}`)
    expect(stdout).not.toContain('on this machine)')
    expect((await ours([name, '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await theirs([name, '--version'])).code).toBe(0)
  }
})
