import { expect, test } from 'vitest'
import { localEnded } from './support/after-kill.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
} from './support/scenario.ts'

async function withAltDir(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'in/a.txt': 'one\n', 'in/b.bin': Buffer.from([0, 255, 1, 2]) })
  await box.run(['mkdir', 'alt'])
  return box
}

async function left(box: Sandbox): Promise<readonly string[]> {
  const found = (await box.run(['find', 'alt', '-mindepth', '1', '!', '-name', '.waybill-*'])).stdout
  return found
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
}

test('what two jobs read is copied once, and removed when the last of them is recorded', async () => {
  await using box = await withAltDir()
  const gate = makeGate(box)
  const one = await schedule(box, [
    '-a',
    '../alt',
    '-i',
    'in',
    '-o',
    'o/1',
    'sbatch',
    'job.sh',
    `mkdir -p o; cat in/a.txt >o/1`,
  ])
  const two = await schedule(box, [
    '-a',
    '../alt',
    '-i',
    'in',
    '-o',
    'o/2',
    'sbatch',
    'job.sh',
    `${gate.line}; mkdir -p o; cat in/a.txt >o/2`,
  ])
  expect(one.words).toContain('3 files copied')
  expect(two.words).not.toContain('copied')
  await jobEnded(box, one.id)
  await jobAccounted(box, one.id)
  await finish(box, [`${one.id}`])
  expect(await left(box)).toEqual(expect.arrayContaining(['alt/in/a.txt', 'alt/in/b.bin', 'alt/job.sh']))
  await gate.open()
  await jobEnded(box, two.id)
  await jobAccounted(box, two.id)
  await finish(box)
  expect(box.read('ds/o/2')).toBe('one\n')
  expect(await left(box)).toEqual([])
})

test('a file that an open job reads is not replaced by another', async () => {
  await using box = await withAltDir()
  const gate = makeGate(box)
  const { id } = await schedule(box, [
    '-a',
    '../alt',
    '-i',
    'in/a.txt',
    '-o',
    'o1',
    'sbatch',
    'job.sh',
    `${gate.line}; cat in/a.txt >o1`,
  ])
  box.write('ds/in/a.txt', 'two\n')
  const words = ['-a', '../alt', '-i', 'in/a.txt', '-o', 'o2', 'sbatch', 'job.sh', 'cat in/a.txt >o2']
  const refused = await tell(box, ['schedule', ...words])
  expect(refused.code).toBe(1)
  expect(refused.words).toContain(`in/a.txt in ${box.path('alt')} differs from the dataset's, and job ${id}`)
  expect(box.read('alt/in/a.txt')).toBe('one\n')
  await gate.open()
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  expect(box.read('ds/o1')).toBe('one\n')
  await scheduleToEnd(box, words)
  await finish(box)
  expect(box.read('ds/o2')).toBe('two\n')
  expect(await left(box)).toEqual([])
})

test('eight schedules into one directory at once: each job finds its inputs, and nothing is left', async () => {
  await using box = await withAltDir()
  await addFiles(box, 'ds', { 'in/big.bin': Buffer.alloc(3_000_000, 7).fill(0, 0, 9) })
  box.write('alt/in/a.txt', 'older\n')
  const jobs = await Promise.all(
    Array.from({ length: 8 }, async (_, n) =>
      schedule(box, [
        '-a',
        '../alt',
        '-i',
        'in',
        '-o',
        `o/${n}`,
        'sbatch',
        'job.sh',
        `mkdir -p o; cat in/* | sha256sum >o/${n}`,
      ]),
    ),
  )
  for (const { id } of jobs) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  await finish(box)
  const sum = (await box.run(['sh', '-c', 'cat ds/in/* | sha256sum'])).stdout
  for (const n of jobs.keys()) expect(box.read(`ds/o/${n}`)).toBe(sum)
  // The folder was there before.
  expect(await left(box)).toEqual(['alt/in'])
})

test('an array, with logs in a folder that stands in the dataset', async () => {
  await using box = await withAltDir()
  await addFiles(box, 'ds', { 'logs/.keep': '' })
  const { id } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-i',
    'in/a.txt',
    '-o',
    't',
    'sbatch',
    '--array=1-2',
    '-o',
    'logs/%A_%a.log',
    'job.sh',
    'mkdir -p t; cat in/a.txt >t/$SLURM_ARRAY_TASK_ID',
  ])
  await finish(box)
  expect(await changesOf(box)).toEqual([
    `A logs/${id}_1.log`,
    `A logs/${id}_2.log`,
    `A logs/slurm-job-${id}.env.json`,
    'A t/1',
    'A t/2',
  ])
  expect(await left(box)).toEqual([])
})

test('of an array that failed in part, the good task is recorded and the other is brought back later', async () => {
  await using box = await withAltDir()
  const { id } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-o',
    't-{task}',
    'sbatch',
    '--array=1-2',
    'job.sh',
    'echo $SLURM_ARRAY_TASK_ID >t-$SLURM_ARRAY_TASK_ID; test $SLURM_ARRAY_TASK_ID = 1',
  ])
  await tell(box, ['finish', '--completed-tasks', `${id}`])
  expect(await changesOf(box)).toContain('A t-1')
  expect(await openJobs(box)).toHaveLength(1)
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toContain('A t-2')
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
  expect(await left(box)).toEqual([])
})

test('a failed job stays open with all it has there; committed, it is recorded and cleaned', async () => {
  await using box = await withAltDir()
  await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-i',
    'in/a.txt',
    '-o',
    'o',
    'sbatch',
    'job.sh',
    'cat in/a.txt >o; exit 3',
  ])
  expect((await tell(box, ['finish'])).code).toBe(1)
  expect(await left(box)).toContain('alt/o')
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toContain('A o')
  expect(await left(box)).toEqual([])
  expect(await openJobs(box)).toEqual([])
})

test.each([
  ['close', ['close']],
  ['finish --close-failed-jobs', ['finish', '--close-failed-jobs']],
])('%s leaves what the job has there, and says so', async (_, words) => {
  await using box = await withAltDir()
  const { id } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-o',
    'o',
    'sbatch',
    'job.sh',
    'echo 1 >o; exit 3',
  ])
  const told = await tell(box, [...words, `${id}`])
  expect(told.words).toContain(`what the job has in ${box.path('alt')} is left there`)
  expect(await left(box)).toEqual(['alt/job.sh', 'alt/o', `alt/slurm-${id}.out`])
  await tell(box, ['finish'])
  expect((await box.run(['ls', '-A', 'alt'])).stdout).not.toContain('.waybill')
})

test('running failed tasks again says what the array has there; what the new job made is cleaned away', async () => {
  await using box = await withAltDir()
  const line = 'echo 1 >$WAYBILL_ARRAY_TASK_ID; test -e ../ds/ready || exit $WAYBILL_ARRAY_TASK_ID'
  const alt = ['-a', box.path('alt')]
  const words = [...alt, '-o', '{task}', '--array', '0-1', 'sh', '-c', line]
  await localEnded(box, (await schedule(box, words)).job)
  await finish(box, ['--completed-tasks'])
  box.write('ds/ready', '')
  const again = await tell(box, ['reschedule', '--failed-tasks', 'w1', ...alt])
  expect(again.words).toContain(`what the job has in ${box.path('alt')} is left there`)
  await localEnded(box, 'w2')
  await finish(box)
  expect(await left(box)).toEqual(['alt/0'])
})
