import { lstatSync, readlinkSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { smallDisk } from './support/small-disk.ts'
import { canSwitch } from './support/users.ts'

async function withAltDir(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  await box.run(['mkdir', 'alt'])
  return box
}

/** A finish that must fail and leave the job open; what it said. */
async function staysOpen(box: Sandbox): Promise<string> {
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await tell(box, ['finish'])
  expect(told.code, told.stdout).toBe(1)
  expect(told.stderr).not.toMatch(/\n {4}at /)
  expect(await openJobs(box)).toHaveLength(1)
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  return told.words
}

describe('what a job may have made there', () => {
  test('links inside the outputs stay links, others become what they lead to; the rest is named', async () => {
    await using box = await withAltDir()
    box.write('elsewhere/file', 'from elsewhere\n')
    box.write('elsewhere/folder/deep', 'deep\n')
    const work = [
      'mkdir -p o/d; echo 1 >o/d/real; ln -s d/real o/kept; ln -s ../../job.sh o/d/input',
      `ln -s ${box.path('elsewhere/file')} o/file; ln -s ${box.path('elsewhere')} o/all`,
      'ln -s nothing o/d/dangling; ln -s /nothing o/broken; ln -s .. o/up; mkfifo o/fifo',
    ]
    await scheduleToEnd(box, ['-a', '../alt', '-o', 'o', 'sbatch', '-o', 'log', 'job.sh', work.join('; ')])
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    const named = told.results.filter((one) => one.action === 'copy' && one.status === 'impossible')
    expect(named.map(({ path }) => path).toSorted()).toEqual(['o/broken', 'o/fifo', 'o/up'])
    expect((await changesOf(box)).filter((change) => change.startsWith('A o/'))).toEqual([
      'A o/all/file',
      'A o/all/folder/deep',
      'A o/d/dangling',
      'A o/d/input',
      'A o/d/real',
      'A o/file',
      'A o/kept',
    ])
    expect(readlinkSync(box.path('ds/o/kept'))).toBe('d/real')
    expect(lstatSync(box.path('ds/o/file')).isFile()).toBe(true)
    expect(box.read('ds/o/d/input')).toBe(box.read('ds/job.sh'))
    expect(await openJobs(box)).toEqual([])
    // What only a link led to is not the job's.
    expect(box.read('elsewhere/file')).toBe('from elsewhere\n')
    expect(box.read('elsewhere/folder/deep')).toBe('deep\n')
  })

  test('it takes the place of a locked annexed file; its own input it may write to', async () => {
    await using box = await withAltDir()
    await addFiles(box, 'ds', {
      'o/x.bin': Buffer.alloc(3000, 1).fill(0, 0, 9),
      'o/same.bin': Buffer.alloc(3000, 2).fill(0, 0, 9),
    })
    await scheduleToEnd(box, [
      '-a',
      '../alt',
      '-i',
      'o',
      '-o',
      'o',
      'sbatch',
      '-o',
      'log',
      'job.sh',
      'echo more >>o/x.bin',
    ])
    expect((await finish(box)).words).toContain('2 files brought back')
    expect(await changesOf(box)).toContain('M o/x.bin')
    expect(await changesOf(box)).not.toContain('M o/same.bin')
    expect(box.read('ds/o/x.bin').endsWith('more\n')).toBe(true)
    expect(await status(box)).toBe('')
    expect((await box.run(['ls', '-A', 'alt'])).stdout).toBe('')
  })

  test('a folder in its way is named, and the job stays open', async () => {
    await using box = await withAltDir()
    await scheduleToEnd(box, [
      '-a',
      '../alt',
      '-o',
      'o',
      'sbatch',
      'job.sh',
      'mkdir -p o; echo 1 >o/x; echo 2 >o/y',
    ])
    box.write('ds/o/y/mine', 'mine\n')
    expect(await staysOpen(box)).toContain('o/y in the dataset is in the way')
    rmSync(box.path('ds/o/y'), { recursive: true })
    await finish(box)
    expect(box.read('ds/o/y')).toBe('2\n')
  })

  test.runIf(canSwitch())('a file that cannot be read keeps the job open', async () => {
    await using box = await withAltDir()
    await scheduleToEnd(box, [
      '-a',
      '../alt',
      '-o',
      'o',
      'sbatch',
      'job.sh',
      'mkdir -p o; echo 1 >o/x; echo 2 >o/y; chmod 0 o/y',
    ])
    expect(await staysOpen(box)).toContain('o/y could not be brought back')
    await box.run(['chmod', '600', 'alt/o/y'])
    await finish(box)
    expect(box.read('ds/o/y')).toBe('2\n')
  })
})

describe('the directory itself', () => {
  test.each([
    ['is gone', 'mv alt away', 'mv away alt'],
    ['is not mounted: an empty one is there', 'mv alt away; mkdir alt', 'rmdir alt; mv away alt'],
  ])('%s at finish: the job stays open, and no empty record is made', async (_, take, back) => {
    await using box = await withAltDir()
    await scheduleToEnd(box, ['-a', '../alt', '-o', 'o', 'sbatch', 'job.sh', 'echo 1 >o'])
    await box.run(['sh', '-c', take])
    expect(await staysOpen(box)).toContain('is not there, or not what it was')
    await box.run(['sh', '-c', back])
    await finish(box)
    expect(box.read('ds/o')).toBe('1\n')
  })

  test('a link there that leads back into the dataset is refused: the copies would damage it', async () => {
    await using box = await withAltDir()
    await addFiles(box, 'ds', { 'in/x.bin': Buffer.alloc(3000, 1).fill(0, 0, 9) })
    await box.run(['ln', '-s', '../ds/in', 'alt/in'])
    const told = await tell(box, [
      'schedule',
      '-a',
      '../alt',
      '-i',
      'in',
      '-o',
      'o',
      'sbatch',
      'job.sh',
      'true',
    ])
    expect(told.words).toContain('is a link into the dataset')
    expect(await openJobs(box)).toEqual([])
    expect(await status(box)).toBe('')
  })

  test('a script that lies only there is found', async () => {
    await using box = await withAltDir()
    box.write('alt/own.sh', '#!/bin/sh\necho own >o\n', 0o755)
    await scheduleToEnd(box, ['-a', '../alt', '-o', 'o', 'sbatch', 'own.sh'])
    await finish(box)
    expect(box.read('ds/o')).toBe('own\n')
    expect(box.exists('alt/own.sh')).toBe(true)
  })
})

describe.runIf(canSwitch())('a disk that is full', () => {
  test.each([
    ['too small for the inputs', [3_000_000], 'free, and the inputs take'],
    ['full in the middle of them', Array.from({ length: 20 }, () => 10), 'no space left'],
  ])('there, %s: nothing is submitted, and nothing is left', async (_, sizes, words) => {
    await using box = await withAltDir()
    const files = sizes.map((size, n) => [`in/${n}`, 'x'.repeat(size)] as const)
    await addFiles(box, 'ds', Object.fromEntries(files))
    await using disk = await smallDisk(box, 2, 'alt')
    if (sizes.length > 1) await disk.fill(24)
    const told = await tell(box, [
      'schedule',
      '-a',
      '../alt',
      '-i',
      'in',
      '-o',
      'o',
      'sbatch',
      'job.sh',
      'true',
    ])
    expect(told.code).toBe(1)
    expect(told.words).toContain(words)
    expect(told.stderr).not.toMatch(/\n {4}at /)
    expect(await openJobs(box)).toEqual([])
    expect((await box.run(['find', 'alt', '-mindepth', '1', '!', '-name', '.filler'])).stdout).toBe('')
  })

  test('here: the job stays open, what came is whole, and finish goes on when there is room', async () => {
    await using box = await sandboxWithDataset()
    await box.run(['sh', '-c', 'mv ds template; mkdir ds alt'])
    await using disk = await smallDisk(box, 24, 'ds')
    await box.run(['sh', '-c', 'cp -a template/. ds/; git -C ds status -s'])
    const work = 'mkdir -p o; echo 1 >o/a; head -c 3000000 /dev/zero >o/big.bin; echo 2 >o/z'
    await scheduleToEnd(box, ['-a', '../alt', '-o', 'o', 'sbatch', 'job.sh', work])
    await disk.fill(1500)
    expect(await staysOpen(box)).toContain('no space left')
    expect(box.exists('ds/o/big.bin')).toBe(false)
    expect((await box.run(['find', 'ds', '-name', '.waybill-*'])).stdout).toBe('')
    await disk.free()
    await finish(box)
    expect(lstatSync(box.path('ds/o/big.bin')).isSymbolicLink()).toBe(true)
    expect(box.read('ds/o/z')).toBe('2\n')
    expect((await box.run(['ls', '-A', 'alt'])).stdout).toBe('')
  })
})
