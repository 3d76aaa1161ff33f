import { lstatSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

/** A dataset with a text, an annexed file and a script below odd names, and an empty directory to run in. */
async function withAltDir(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'in [1]/a b.txt': 'text\n',
    'in [1]/-ünï\n.bin': Buffer.from([0, 255, 1, 2]),
    'sub/job.sh': '#!/bin/sh\neval "$1"\n',
  })
  await box.run(['mkdir', 'alt'])
  return box
}

const left = async (box: Sandbox): Promise<string> =>
  (await box.run(['find', 'alt', '-mindepth', '1'])).stdout

test('a job runs in the alternative directory, and all it made is recorded and gone from there', async () => {
  await using box = await withAltDir()
  const gate = makeGate(box)
  const work = `pwd -P >r/pwd; cat in*/a* in*/-* >r/both; head -c 3000 /dev/zero >r/x.bin; echo said; ${gate.line}`
  const submitted = await schedule(box, [
    '-a',
    '../alt',
    '-i',
    'in [1]',
    '-o',
    'r',
    'sbatch',
    'job.sh',
    `mkdir -p r; ${work}`,
  ])
  expect(submitted.words).toContain('3 files copied')
  await gate.reached()
  expect(lstatSync(box.path('alt/in [1]/-ünï\n.bin')).isFile()).toBe(true)
  expect((await tell(box, ['logs', `${submitted.id}`])).stdout).toBe('said\n')
  expect(box.exists('ds/r')).toBe(false)
  await gate.open()
  await jobEnded(box, submitted.id)
  await jobAccounted(box, submitted.id)
  expect((await finish(box)).words).toContain('brought back')
  expect(await changesOf(box)).toEqual(
    [
      'A r/both',
      'A r/pwd',
      'A r/x.bin',
      `A slurm-${submitted.id}.out`,
      `A slurm-job-${submitted.id}.env.json`,
    ].toSorted(),
  )
  expect(box.read('ds/r/pwd')).toBe(`${box.path('alt')}\n`)
  expect(readlinkSync(box.path('ds/r/x.bin'))).toContain('.git/annex/objects')
  expect((await tell(box, ['logs', `${submitted.id}`])).stdout).toBe('said\n')
  expect((await recordOf(box)).record).toMatchObject({
    alt_dir: box.path('alt'),
    inputs: ['in [[]1]'],
    outputs: ['r', `slurm-${submitted.id}.out`, `slurm-job-${submitted.id}.env.json`],
    pwd: '.',
  })
  expect(await left(box)).toBe('')
  expect(await status(box)).toBe('')
})

test('from a subdirectory, the directory of submission is made there; slurm_outputs are told from the root', async () => {
  await using box = await withAltDir()
  const { id } = await scheduleToEnd(
    box,
    ['--alt-dir', box.path('alt'), '-o', 'out', 'sbatch', '-o', 'log-%j', 'job.sh', 'echo 1 >out'],
    { cwd: 'ds/sub' },
  )
  await finish(box)
  expect((await recordOf(box)).record).toMatchObject({
    pwd: 'sub',
    outputs: ['sub/out', `sub/log-${id}`, `sub/slurm-job-${id}.env.json`],
    slurm_outputs: [`sub/log-${id}`, `sub/slurm-job-${id}.env.json`],
  })
  expect(await changesOf(box)).toEqual([`A sub/log-${id}`, 'A sub/out', `A sub/slurm-job-${id}.env.json`])
  expect(await left(box)).toBe('')
})

test('of older files there only what the job changed is brought back, and the rest stays', async () => {
  await using box = await withAltDir()
  box.write('alt/r/old', 'old\n')
  box.write('alt/r/changed', 'old\n')
  box.write('alt/in [1]/a b.txt', 'other\n')
  const { words } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-i',
    'in [1]/a b.txt',
    '-o',
    'r',
    'sbatch',
    'job.sh',
    'cat in*/a* >r/changed',
  ])
  expect(words).toContain('2 files copied')
  await finish(box)
  expect(box.read('ds/r/changed')).toBe('text\n')
  expect(box.exists('ds/r/old')).toBe(false)
  expect(
    (await left(box))
      .split('\n')
      .filter((line) => line !== '')
      .toSorted(),
  ).toEqual(['alt/in [1]', 'alt/r', 'alt/r/old'])
})

test('a file that lay there with the same content is not copied, and is not removed', async () => {
  await using box = await withAltDir()
  box.write('alt/in [1]/a b.txt', 'text\n')
  const { words } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '-i',
    'in [1]/a b.txt',
    '-o',
    'r',
    'sbatch',
    'job.sh',
    'cat in*/a* >r',
  ])
  expect(words).toContain('1 file copied')
  await finish(box)
  expect(box.read('alt/in [1]/a b.txt')).toBe('text\n')
})

test('told to keep, it leaves all of it there', async () => {
  await using box = await withAltDir()
  const { id } = await scheduleToEnd(box, [
    '-a',
    '../alt',
    '--keep-alt-dir',
    '-o',
    'r',
    'sbatch',
    'job.sh',
    'echo 1 >r',
  ])
  await finish(box)
  expect((await left(box)).trim().split('\n').toSorted()).toEqual([
    'alt/job.sh',
    'alt/r',
    `alt/slurm-${id}.out`,
  ])
})

test('a command on this machine runs there too', async () => {
  await using box = await withAltDir()
  await schedule(box, [
    '-a',
    '../alt',
    '-i',
    'in [1]/a b.txt',
    '-o',
    'r',
    'sh',
    '-c',
    'cat in*/a* >r; pwd -P >>r',
  ])
  while ((await openJobs(box)).length > 0) await tell(box, ['finish'])
  expect(box.read('ds/r')).toBe(`text\n${box.path('alt')}\n`)
  expect((await recordOf(box)).record.waybill).toMatchObject({ alt_dir: box.path('alt') })
  expect(await left(box)).toBe('')
})

test('a job that sbatch refuses leaves nothing there', async () => {
  await using box = await withAltDir()
  const told = await tell(box, [
    'schedule',
    '-a',
    '../alt',
    '-i',
    'in [1]',
    '-o',
    'r',
    'sbatch',
    '--partition=none',
    'job.sh',
    'true',
  ])
  expect(told.code).toBe(1)
  expect(await left(box)).toBe('')
  expect(await openJobs(box)).toEqual([])
})

test('a directory that cannot be one is refused before anything is done', async () => {
  await using box = await withAltDir()
  await box.run(['mkdir', '-m', '555', 'locked'])
  for (const [dir, words] of [
    ['../none', 'does not exist'],
    ['../alt/../ds/sub/job.sh', 'is no directory'],
    ['sub', 'lies in the dataset'],
    ['..', 'holds the dataset'],
    ['../locked', 'cannot be read and written'],
  ] as const) {
    const told = await tell(box, ['schedule', '-a', dir, '-o', 'r', 'sbatch', 'job.sh', 'true'])
    expect(told.code, dir).toBe(1)
    expect(told.words, dir).toContain(words)
  }
  expect(await openJobs(box)).toEqual([])
})
