import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jobEnded } from './support/job.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

test('annexed outputs in a folder that may not be written: nothing is submitted, nothing stays reserved', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/a.bin': Buffer.from([0, 1, 255]) })
  chmodSync(box.path('ds/out'), 0o555)
  const told = await tell(box, ['schedule', '-o', 'out', 'sbatch', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toMatch(/permission denied/i)
  expect(told.words).not.toMatch(/\n\s+at /)
  expect(await openJobs(box)).toEqual([])
  chmodSync(box.path('ds/out'), 0o755)
  await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'])
  await tell(box, ['cancel', 'w2'])
})

test('a folder that the job shut is named, and the job stays open until it can be read', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'out',
    'sbatch',
    'job.sh',
    'mkdir -p out/shut; echo 1 >out/shut/x; echo 1 >out/y; chmod 0 out/shut',
  ])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('it cannot be read: permission denied')
  expect(await openJobs(box)).toEqual(['w1'])
  chmodSync(box.path('ds/out/shut'), 0o755)
  await finish(box)
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['A out/shut/x', 'A out/y']))
})

test('where the description of the job cannot be written beside its log, the rest is recorded', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['mkdir', 'ds/logs'])
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', '-o', 'logs/log', 'job.sh', 'echo 1 >out'])
  await jobEnded(box, id)
  chmodSync(box.path('ds/logs'), 0o555)
  const told = await tell(box, ['finish'])
  expect(told.words).toContain('could not be stored')
  chmodSync(box.path('ds/logs'), 0o755)
  await tell(box, ['finish'])
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['A logs/log', 'A out']))
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
})

test('a repository of another user is named with the way to trust it', async () => {
  await using box = await sandboxWithDataset()
  const told = await tell(box, ['jobs'], { as: 'peer' })
  expect(told.code).toBe(1)
  expect(told.words).toContain('git config --global --add safe.directory')
  await finish(box)
})
