import { describe, expect, test } from 'vitest'
import { datalad, slurmFinish, slurmSubmit } from './support/datalad.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { addSubdataset, atRest, pointerAndHead, sandboxWithSubdatasets } from './support/subdatasets.ts'
import { sandboxWithDataset } from './support/scenario.ts'
import { jobEnded } from './support/job.ts'

const quiet = { env: { DATALAD_UI_PROGRESSBAR: 'none' } }

async function recordHere(box: Sandbox, job: string): Promise<void> {
  await box.waybill(['logs', '-f', job], { cwd: 'ds' })
  await finish(box)
}

describe.each(['old', 'new'] as const)('with the %s DataLad', (version) => {
  test('a record of outputs in a subdataset is rerun by the other side, both ways', async () => {
    await using box = await sandboxWithDataset(version === 'new' ? { annex: 'wheel' } : {})
    await datalad(box, version, ['create', '-d', '.', '-c', 'text2git', 'sub'], quiet)
    const stamp = 'date +%s%N >sub/out.txt'
    const { job } = await schedule(box, ['-o', 'sub/out.txt', 'sh', '-c', stamp])
    await recordHere(box, job)
    expect(await status(box)).toBe('')
    const ours = box.read('ds/sub/out.txt')
    await datalad(box, version, ['rerun'], quiet)
    expect(box.read('ds/sub/out.txt')).not.toBe(ours)
    const theirs = await recordOf(box)
    expect(theirs.record).toMatchObject({ outputs: ['sub/out.txt'], pwd: '.' })
    expect((await recordOf(box, 'HEAD', 'ds/sub')).message).toBe(theirs.message)

    await datalad(
      box,
      version,
      ['run', '-m', 'by DataLad', '-o', 'sub/more.txt', 'date +%s%N >sub/more.txt'],
      quiet,
    )
    const before = box.read('ds/sub/more.txt')
    const told = await tell(box, ['reschedule'])
    expect(told.code, told.words).toBe(0)
    const again = told.results.find(({ action, status: how }) => action === 'schedule' && how === 'ok')
    await recordHere(box, again?.job ?? '')
    expect(box.read('ds/sub/more.txt')).not.toBe(before)
    expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['M more.txt'])
    expect(await changesOf(box)).toEqual(['M sub'])
    await atRest(box, 'ds', 'sub')
    expect((await datalad(box, version, ['status', '-r'], quiet)).stdout).toContain('nothing to save')
  })
})

test('a Slurm job in a subdataset: datalad slurm-reschedule runs our record, and we run that of datalad-slurm', async () => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await addSubdataset(box, 'ds', 'sub')
  await scheduleToEnd(box, ['-o', 'sub/out.txt', 'sbatch', 'job.sh', 'date +%s%N >sub/out.txt'])
  await finish(box)
  const ours = box.read('ds/sub/out.txt')
  const id = await slurmSubmit(box, ['slurm-reschedule', await box.git('ds', 'rev-parse', 'HEAD')])
  await slurmFinish(box, id)
  const theirs = box.read('ds/sub/out.txt')
  expect(theirs).not.toBe(ours)
  expect((await recordOf(box)).record.outputs).toContain('./sub/out.txt')
  const told = await tell(box, ['reschedule'])
  expect(told.code, told.words).toBe(0)
  const next = told.results.find(({ action, status: how }) => action === 'schedule' && how === 'ok')
  await jobEnded(box, next?.slurm_job_id ?? 0)
  await finish(box)
  expect(box.read('ds/sub/out.txt')).not.toBe(theirs)
  const [pointer, head] = await pointerAndHead(box, 'ds', 'sub')
  expect(pointer).toBe(head)
  expect(await status(box)).toBe('')
})

test('a job whose directory is in a subdataset leaves its logs there, is shown by its files, and runs again', async () => {
  await using box = await sandboxWithSubdatasets()
  await addFiles(box, 'ds/sub', { 'job.sh': '#!/bin/sh\neval "$1"\n' })
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  // From within the subdataset, but for the dataset above it.
  const words = [
    '-d',
    '..',
    '-o',
    'deep/x',
    '-o',
    '../top',
    'sbatch',
    'job.sh',
    'date +%s%N | tee deep/x >../top',
  ]
  const { id } = await scheduleToEnd(box, words, { cwd: 'ds/sub' })
  await finish(box)
  const { record } = await recordOf(box)
  expect(record).toMatchObject({ pwd: 'sub', slurm_outputs: [`slurm-${id}.out`, `slurm-job-${id}.env.json`] })
  // The script is in the subdataset's own commit: no copy is made.
  expect(record.waybill['script']).toMatchObject({ path: 'sub/job.sh' })
  expect(record.waybill['script']).not.toHaveProperty('copy')
  expect(await changesOf(box)).toEqual(['A top', 'M sub'])
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual([
    `A slurm-${id}.out`,
    `A slurm-job-${id}.env.json`,
    'M deep',
  ])
  const commit = await box.git('ds', 'rev-parse', 'HEAD')
  for (const path of ['sub/deep/x', `sub/slurm-${id}.out`, 'top']) {
    const shown = JSON.parse((await box.waybill(['show', '--json', path], { cwd: 'ds' })).stdout) as {
      readonly commit: string
      readonly made: readonly { readonly path: string }[]
    }
    expect(shown.commit, path).toBe(commit)
    expect(shown.made.map((one) => one.path)).toEqual(expect.arrayContaining(['sub/deep/x', 'top']))
  }
  const before = box.read('ds/sub/deep/x')
  const told = await tell(box, ['reschedule'])
  expect(told.code, told.words).toBe(0)
  expect(told.words).not.toContain('differ')
  const next = told.results.find(({ action, status: how }) => action === 'schedule' && how === 'ok')
  await jobEnded(box, next?.slurm_job_id ?? 0)
  await finish(box)
  expect(box.read('ds/sub/deep/x')).not.toBe(before)
  expect(await status(box)).toBe('')
})
