import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
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

test('logs of an array with %A, %a and %x, and a standard error of their own', async () => {
  await using box = await sandboxWithDataset()
  const words = [
    'sbatch',
    '-J',
    'my-job',
    '-a',
    '0-1',
    '-o',
    'logs/%x-%A_%a.out',
    '-e',
    'logs/%x-%A_%a.err',
    'job.sh',
  ]
  await box.run(['mkdir', 'ds/logs'])
  const { id } = await schedule(box, [
    '-o',
    'out',
    ...words,
    'echo said; echo wrong >&2; mkdir -p out; date >out/$SLURM_ARRAY_TASK_ID',
  ])
  await jobEnded(box, id)
  const names = [0, 1].flatMap((n) => [`logs/my-job-${id}_${n}.out`, `logs/my-job-${id}_${n}.err`])
  expect((await box.waybill(['logs', String(id), '--task', '1'], { cwd: 'ds' })).stdout).toBe('said\n')
  expect((await box.waybill(['logs', `${id}_0`, '--stderr'], { cwd: 'ds' })).stdout).toBe('wrong\n')
  const which = await box.waybill(['logs', 'w1'], { cwd: 'ds', allowFailure: true })
  expect(which.code).toBe(1)
  expect(which.stderr).toContain('is an array (0-1): name a task')
  await finish(box)
  const changes = await changesOf(box)
  for (const name of names) expect(changes).toContain(`A ${name}`)
  const outputs = (await recordOf(box)).record['slurm_outputs'] as readonly string[]
  expect(outputs).toEqual(expect.arrayContaining(names))
  expect(await status(box)).toBe('')
})

test('a log set in the script, with padding and the job name of the script, is found', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/s.sh', '#!/bin/sh\n#SBATCH -J from-script\n#SBATCH --output=%x.%8j.log\necho 1 >out\n')
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 's.sh'])
  await finish(box)
  expect(await changesOf(box)).toContain(`A from-script.${String(id).padStart(8, '0')}.log`)
})

test('a log outside of the repository stays there, and a result says so', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'out',
    'sbatch',
    '-o',
    `${box.folder}/outside-%j.log`,
    'job.sh',
    'echo 1 >out',
  ])
  const told = await finish(box)
  expect(told.words).toContain('lies outside the dataset: it stays there and is not recorded')
  const { record } = await recordOf(box)
  expect(record.waybill['logs_outside']).toHaveLength(1)
  expect(await status(box)).toBe('')
})

test('a log sent to /dev/null is no log', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'])
  const asked = await box.waybill(['logs', String(id)], { cwd: 'ds', allowFailure: true })
  expect(asked.code).toBe(1)
  expect(asked.stderr).toContain('keeps no such log')
  await finish(box)
  expect((await recordOf(box)).record['slurm_outputs']).toEqual([`slurm-job-${id}.env.json`])
})

test('--chdir moves where the log is, also out of the folder of submission', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'run/keep': '', 'job2.sh': '#!/bin/sh\necho 1 >out\n' })
  const { id } = await scheduleToEnd(box, ['-o', 'run/out', 'sbatch', '--chdir', 'run', 'job2.sh'])
  await finish(box)
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['A run/out', `A run/slurm-${id}.out`]))
  expect(await status(box)).toBe('')
})

test('logs -f follows a Slurm job to its end', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const { job } = await schedule(box, [
    '-o',
    'out',
    'sbatch',
    'job.sh',
    `echo first; ${gate.line}; echo last`,
  ])
  await gate.reached()
  const following = box.waybill(['logs', '-f', job], { cwd: 'ds' })
  await gate.open()
  expect((await following).stdout).toBe('first\nlast\n')
})

test('the log of another open job below an output is left to that job', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await box.run(['mkdir', 'ds/logs'])
  const open = await schedule(box, [
    '-o',
    'a',
    'sbatch',
    '-o',
    'logs/%j.log',
    'job.sh',
    `echo half; ${gate.line}`,
  ])
  await gate.reached()
  const ended = await scheduleToEnd(box, [
    '-o',
    'logs',
    'sbatch',
    '-o',
    'logs/%j.log',
    'job.sh',
    'echo 1 >logs/made',
  ])
  await tell(box, ['finish', ended.job])
  const changes = await changesOf(box)
  expect(changes).toContain('A logs/made')
  expect(changes).toContain(`A logs/${ended.id}.log`)
  expect(changes).not.toContain(`A logs/${open.id}.log`)
  await gate.open()
})
