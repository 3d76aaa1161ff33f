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
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

/** What a job does that copies its input, and a time that makes every run differ. */
const copy = (output: string): readonly string[] => [
  'sbatch',
  'job.sh',
  `mkdir -p ${output}; cat in.txt >${output}/copy; pwd -P >${output}/where; date +%N >${output}/when`,
]

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', {
    'sub/in.txt': 'below\n',
    'sub/job.sh': '#!/bin/sh\neval "$1"\n',
  })
  await box.run(['mkdir', 'ours', 'theirs', 'again'])
})
afterAll(async () => box.dispose())

async function weReschedule(words: readonly string[]): Promise<number> {
  const told = await tell(box, ['reschedule', ...words])
  const id = told.results.find(({ slurm_job_id: job }) => job !== undefined)?.slurm_job_id
  if (told.code !== 0 || id === undefined) throw new Error(`reschedule: ${told.stdout}${told.stderr}`)
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  return id
}

/** The newest record as text, without what differs between any two jobs and what only we write; numbers stay unquoted. */
async function comparable(id: number): Promise<readonly string[]> {
  const { record } = await recordOf(box)
  const common = Object.entries(record).filter(([key]) => key !== 'waybill' && key !== 'commit_id')
  return common.map(([key, value]) =>
    `${key}: ${JSON.stringify(value)}`.replaceAll(`${id}`, 'ID').replaceAll(/ours|theirs/g, 'DIR'),
  )
}

describe('a job in an alternative directory', () => {
  let ours = ''
  let theirs = ''

  test('has the record that datalad-slurm writes of it, key by key', async () => {
    const words = (dir: string): readonly string[] => [
      '--alt-dir',
      box.path(dir),
      '-i',
      'in.txt',
      '-i',
      'job.sh',
      '-o',
      'k',
      ...copy('k'),
    ]
    const id = await slurmSubmit(box, ['slurm-schedule', ...words('theirs')], { cwd: 'ds/sub' })
    await slurmFinish(box, id)
    theirs = await box.git('ds', 'rev-parse', 'HEAD')
    const written = await comparable(id)
    const mine = await scheduleToEnd(box, words('ours'), { cwd: 'ds/sub' })
    await finish(box)
    ours = await box.git('ds', 'rev-parse', 'HEAD')
    expect(await comparable(mine.id)).toEqual(written)
    expect(box.read('ds/sub/k/where')).toBe(`${box.path('ours')}/sub\n`)
    expect(await status(box)).toBe('')
  })

  test('is run again by datalad slurm-reschedule, in the repository and elsewhere', async () => {
    const here = await slurmSubmit(box, ['slurm-reschedule', ours])
    await slurmFinish(box, here)
    expect((await recordOf(box)).record).toMatchObject({
      alt_dir: '',
      chain: [ours],
      pwd: 'sub',
      slurm_job_id: here,
    })
    expect(box.read('ds/sub/k/where')).toBe(`${box.path('ds')}/sub\n`)
    // Theirs finds the inputs of a subdirectory only from there.
    const there = await slurmSubmit(box, ['slurm-reschedule', '--alt-dir', box.path('again'), ours], {
      cwd: 'ds/sub',
    })
    await slurmFinish(box, there)
    expect((await recordOf(box)).record).toMatchObject({
      alt_dir: box.path('again'),
      chain: [ours],
      pwd: 'sub',
    })
  })

  test.each([
    ['theirs', () => theirs],
    ['ours', () => ours],
  ])('is run again by waybill from %s record, in the repository and elsewhere', async (_, record) => {
    const here = await weReschedule([record()])
    expect((await recordOf(box)).record).toMatchObject({
      alt_dir: '',
      chain: [record()],
      outputs: ['sub/k', `sub/slurm-${here}.out`, `sub/slurm-job-${here}.env.json`],
      pwd: 'sub',
    })
    expect(box.read('ds/sub/k/where')).toBe(`${box.path('ds')}/sub\n`)
    // From the sandbox's own directory: the record's is another.
    const there = await weReschedule(['--alt-dir', '../ours', record()])
    expect((await recordOf(box)).record).toMatchObject({ alt_dir: box.path('ours'), chain: [record()] })
    expect(box.read('ds/sub/k/where')).toBe(`${box.path('ours')}/sub\n`)
    expect(await changesOf(box)).toContain(`A sub/slurm-${there}.out`)
    expect((await box.run(['find', 'ours', '-mindepth', '1'])).stdout).toBe('')
  })
})
