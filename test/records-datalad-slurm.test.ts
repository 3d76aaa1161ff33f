import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
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

/** A job that copies what its input says, and a time that makes every run differ. */
const copy = (input: string, output: string): readonly string[] => [
  'job.sh',
  `mkdir -p ${output}; cat ${input} >${output}/copy; date +%N >${output}/when`,
]

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', {
    'in.txt': 'at the root\n',
    'sub/in.txt': 'below\n',
    'sub/job.sh': '#!/bin/sh\neval "$1"\n',
    'in.bin': Buffer.from([0, 255, 1]),
  })
})
afterAll(async () => box.dispose())

async function theySchedule(words: readonly string[], cwd = 'ds'): Promise<number> {
  const id = await slurmSubmit(box, ['slurm-schedule', ...words], { cwd })
  await slurmFinish(box, id)
  return id
}

async function weReschedule(words: readonly string[] = [], cwd = 'ds'): Promise<number> {
  const told = await tell(box, ['reschedule', ...words], { cwd })
  const id = told.results.find(({ slurm_job_id: job }) => job !== undefined)?.slurm_job_id
  if (told.code !== 0 || id === undefined) throw new Error(`reschedule: ${told.stdout}${told.stderr}`)
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  return id
}

describe('datalad slurm-reschedule runs a record of ours', () => {
  test('from the root, with inputs', async () => {
    const words = [
      '-i',
      'in.txt',
      '-o',
      'a',
      '-m',
      'first',
      'sbatch',
      '-o',
      'a-%j.log',
      ...copy('in.txt', 'a'),
    ]
    const first = await scheduleToEnd(box, words)
    await finish(box)
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    const id = await slurmSubmit(box, ['slurm-reschedule', original])
    await slurmFinish(box, id)
    const { record, message } = await recordOf(box)
    expect(record).toMatchObject({
      chain: [original],
      cmd: (await recordOf(box, original)).record.cmd,
      inputs: ['in.txt'],
      pwd: '.',
      slurm_job_id: id,
    })
    expect(message).toContain(`\n\nRe-submission of job ${first.id}.\n`)
    expect(await changesOf(box)).toEqual([`A a-${id}.log`, `A slurm-job-${id}.env.json`, 'M a/when'])
    expect(await status(box)).toBe('')
  })

  test('that was submitted in a subdirectory', async () => {
    const words = ['-i', 'in.txt', '-o', 'b', 'sbatch', '-o', 'b/log', ...copy('in.txt', 'b')]
    box.write('ds/sub/b/.keep', '')
    await scheduleToEnd(box, words, { cwd: 'ds/sub' })
    await finish(box)
    const { record } = await recordOf(box)
    expect(record).toMatchObject({ inputs: ['in.txt'], pwd: 'sub' })
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    const id = await slurmSubmit(box, ['slurm-reschedule', original])
    await slurmFinish(box, id)
    expect(await recordOf(box)).toMatchObject({ record: { chain: [original], pwd: 'sub', slurm_job_id: id } })
    expect(await changesOf(box)).toContain('M sub/b/when')
    expect(box.read('ds/sub/b/copy')).toBe('below\n')
  })
})

describe('waybill reschedule runs a record of datalad-slurm', () => {
  test('from the root, with inputs and a declared directory', async () => {
    const words = [
      '-i',
      'in.txt',
      '-o',
      'd/',
      '-m',
      'theirs',
      'sbatch',
      '-o',
      'd-%j.log',
      ...copy('in.txt', 'd'),
    ]
    const first = await theySchedule(words)
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    const id = await weReschedule([original], 'ds/sub')
    const { record, message } = await recordOf(box)
    expect(record).toMatchObject({
      chain: [original],
      cmd: (await recordOf(box, original)).record.cmd,
      inputs: ['in.txt'],
      outputs: ['d', `d-${id}.log`, `slurm-job-${id}.env.json`],
      pwd: '.',
      slurm_job_id: id,
      slurm_outputs: [`d-${id}.log`, `slurm-job-${id}.env.json`],
    })
    expect(message).toMatch(
      new RegExp(
        `^\\[DATALAD SLURM RUN\\] Slurm job ${id}: Completed\n\ntheirs\n\nRe-submission of job ${first}\\.\n\n===`,
      ),
    )
    expect(await changesOf(box)).toEqual([`A d-${id}.log`, `A slurm-job-${id}.env.json`, 'M d/when'])
    expect(await status(box)).toBe('')
  })

  test('that was submitted in a subdirectory', async () => {
    box.write('ds/sub/e/.keep', '')
    const words = [
      '-i',
      'in.txt',
      '-i',
      '../in.bin',
      '-o',
      'e',
      'sbatch',
      '-o',
      'log-%j',
      ...copy('in.txt', 'e'),
    ]
    await theySchedule(words, 'ds/sub')
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    expect((await recordOf(box)).record.inputs).toEqual(['in.txt', '../in.bin'])
    const id = await weReschedule()
    expect((await recordOf(box)).record).toMatchObject({
      chain: [original],
      inputs: ['in.txt', '../in.bin'],
      outputs: ['sub/e', `sub/log-${id}`, `sub/slurm-job-${id}.env.json`],
      pwd: 'sub',
      slurm_outputs: [`log-${id}`, `slurm-job-${id}.env.json`],
    })
    expect(await changesOf(box)).toEqual([
      `A sub/log-${id}`,
      `A sub/slurm-job-${id}.env.json`,
      'M sub/e/when',
    ])
    expect(box.read('ds/sub/e/copy')).toBe('below\n')
  })

  test('of an array', async () => {
    const work = 'mkdir -p f; date +%N >f/$SLURM_ARRAY_TASK_ID'
    const first = await slurmSubmit(box, [
      'slurm-schedule',
      '-o',
      'f',
      'sbatch',
      '--array=1-2',
      'job.sh',
      work,
    ])
    await slurmFinish(box, first, [], 2)
    const id = await weReschedule()
    expect((await recordOf(box)).record).toMatchObject({
      outputs: ['f', `slurm-${id}_1.out`, `slurm-${id}_2.out`, `slurm-job-${id}.env.json`],
      waybill: { tasks: ['1-2 COMPLETED'] },
    })
    expect(await changesOf(box)).toEqual(expect.arrayContaining(['M f/1', 'M f/2']))
  })

  test('that ran in an alternative directory', async () => {
    box.write('alt/sub/.keep', '')
    box.write('alt/sub/job.sh', box.read('ds/sub/job.sh'))
    const words = ['--alt-dir', box.path('alt'), '-i', 'in.txt', '-o', 'k', 'sbatch', ...copy('in.txt', 'k')]
    await theySchedule(words, 'ds/sub')
    const original = await box.git('ds', 'rev-parse', 'HEAD')
    const id = await weReschedule()
    expect((await recordOf(box)).record).toMatchObject({
      alt_dir: '',
      chain: [original],
      outputs: ['sub/k', `sub/slurm-${id}.out`, `sub/slurm-job-${id}.env.json`],
      pwd: 'sub',
    })
    expect(await changesOf(box)).toContain('M sub/k/when')
  })

  test('again and again, with the whole chain', async () => {
    const first = await schedule(box, ['-o', 'g', 'sbatch', ...copy('in.txt', 'g')])
    await jobEnded(box, first.id)
    await finish(box)
    const one = await box.git('ds', 'rev-parse', 'HEAD')
    const id = await slurmSubmit(box, ['slurm-reschedule'])
    await slurmFinish(box, id)
    const two = await box.git('ds', 'rev-parse', 'HEAD')
    await weReschedule()
    const { record, message } = await recordOf(box)
    expect(record).toMatchObject({ chain: [one, two] })
    expect(message.match(/Re-submission of job \d+\./g)).toEqual([`Re-submission of job ${id}.`])
  })

  test('but says which have failed, and skips them', async () => {
    const id = await slurmSubmit(box, ['slurm-schedule', '-o', 'h', 'sbatch', 'job.sh', 'echo 1 >h; exit 1'])
    await slurmFinish(box, id, ['--commit-failed-jobs'])
    const told = await tell(box, ['reschedule'])
    expect(told.code).toBe(1)
    expect(told.words).toContain(`skipped: Slurm job ${id}: Failed`)
  })
})
