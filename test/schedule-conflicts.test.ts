import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import { openJobs, recordOf, sandboxWithDataset, schedule, tell } from './support/scenario.ts'
import { jobEnded } from './support/job.ts'

// One held job for all: what conflicts with it submits nothing, and what does not is held and cancelled in the end.
let box: Sandbox
const held = ['sbatch', '--hold', '-o', '/dev/null', 'job.sh', 'true'] as const

beforeAll(async () => {
  box = await sandboxWithDataset()
  await box.run(['mkdir', '-p', 'ds/b', 'ds/real'])
  await box.run(['ln', '-s', 'real', 'ds/alias'])
  await schedule(box, ['-o', 'a', '-o', 'results/run-*/', '-o', 'real/x', ...held])
})

afterAll(async () => {
  await tell(box, ['cancel', ...(await openJobs(box))])
  await box.dispose()
})

test.for([
  ['a', 'itself'],
  ['./a', 'with a dot'],
  ['a/', 'with a slash'],
  ['b/../a', 'by way of another folder'],
  ['a/deep/inside', 'something below it'],
  ['.', 'all of the dataset'],
  ['results', 'a folder that holds the pattern'],
  ['results/run-7/log', 'something below what the pattern may match'],
  ['results/*/x', 'a pattern that may meet the pattern'],
  ['alias/x', 'the same file through a linked folder'],
] as const)('output %s conflicts with an open job: %s', async ([path]) => {
  const told = await tell(box, ['schedule', '-o', path, ...held])
  expect(told.code).toBe(1)
  expect(told.results).toHaveLength(1)
  expect(told.results[0]?.status).toBe('impossible')
  expect(told.words).toMatch(/conflicts with \S+ of job w1 \(\d+\), which is open/)
  expect(await openJobs(box)).toContain('w1')
})

test.for([
  ['ab', 'a name that only begins alike'],
  ['results/x/', 'a folder beside the pattern'],
  ['real/y', 'a sibling'],
] as const)('output %s is free: %s', async ([path]) => {
  const told = await schedule(box, ['-o', path, ...held])
  expect(told.id).toBeGreaterThan(0)
})

test('two open jobs may not write one log, however it is spelled', async () => {
  const free = await schedule(box, ['-o', 'l1', 'sbatch', '--hold', '-o', 'same.log', 'job.sh', 'true'])
  const told = await tell(box, [
    'schedule',
    '-o',
    'l2',
    'sbatch',
    '--hold',
    '--output=b/../same.log',
    'job.sh',
    'true',
  ])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`conflicts with same.log of job ${free.job}`)
})

test('a pattern at the root is refused unless asked for', async () => {
  const told = await tell(box, ['schedule', '-o', '*.csv', ...held])
  expect(told.code).toBe(1)
  expect(told.words).toContain('--reserve-all')
})

test('an input that an open job writes is warned about, and --after makes the job wait for it', async () => {
  await box.run(['sh', '-c', 'mkdir a && touch a/data'], { cwd: 'ds' })
  const warned = await schedule(box, ['-i', 'a/data', '-o', 'w', ...held])
  expect(warned.words).toContain('input a/data is an output (a) of job w1')
  expect(warned.words).toContain('--after w1')
  const chained = await schedule(box, ['-i', 'a/data', '-o', 'v', '--after', 'w1', ...held])
  expect(chained.words).not.toContain('is an output')
  const shown = (await box.run(['scontrol', 'show', 'job', String(chained.id)])).stdout
  expect(shown).toMatch(/Dependency=afterok:\d+/)
})

test("--after keeps a dependency of the user, and the record has the user's words alone", async () => {
  await using own = await sandboxWithDataset()
  const first = await schedule(own, ['-o', 'a', 'sbatch', '--hold', 'job.sh', 'echo 1 >a'])
  const other = await schedule(own, ['-o', 'c', 'sbatch', 'job.sh', 'echo 1 >c'])
  const second = await schedule(own, [
    '-o',
    'b',
    '--after',
    String(first.id),
    'sbatch',
    `--dependency=afterany:${other.id}`,
    'job.sh',
    'cat a >b',
  ])
  await own.run(['scontrol', 'release', String(first.id)])
  expect(await jobEnded(own, second.id)).toEqual(['COMPLETED'])
  expect((await tell(own, ['finish'])).code).toBe(0)
  expect((await recordOf(own)).record.cmd).toBe(`sbatch --dependency=afterany:${other.id} job.sh 'cat a >b'`)
  const unknown = await tell(own, ['schedule', '-o', 'd', '--after', '99999999', ...held])
  expect(unknown.code).toBe(1)
  expect(unknown.words).toContain('there is no such open Slurm job')
})

test('a finished job frees its outputs', async () => {
  await using own = await sandboxWithDataset()
  const first = await schedule(own, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  expect((await tell(own, ['schedule', '-o', 'a', ...held])).code).toBe(1)
  await jobEnded(own, first.id)
  expect((await tell(own, ['finish'])).code).toBe(0)
  await schedule(own, ['-o', 'a', 'sbatch', 'job.sh', 'echo 2 >a'])
})
