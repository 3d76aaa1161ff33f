import { chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { smallDisk } from './support/small-disk.ts'
import { canSwitch } from './support/users.ts'
import { Sandbox } from './support/sandbox.ts'
import {
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

const write = ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'] as const
const ledger = 'ds/.git/waybill/ledger.db'

test('a ledger of a newer version is refused, and not touched', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  await box.run([
    'node',
    '-e',
    `new (require('node:sqlite').DatabaseSync)('${box.path(ledger)}').exec('PRAGMA user_version = 99')`,
  ])
  const before = readFileSync(box.path(ledger))
  for (const words of [['jobs'], ['finish'], ['schedule', '-o', 'b', 'sbatch', 'job.sh', 'true']]) {
    const told = await tell(box, words)
    expect(told.code, words[0]).toBe(1)
    expect(told.words, words[0]).toContain('written by a newer Waybill (format 99')
  }
  expect(readFileSync(box.path(ledger)).equals(before)).toBe(true)
})

test('a ledger that is no database, or cut short, is named with the way to save what it holds', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const whole = readFileSync(box.path(ledger))
  truncateSync(box.path(ledger), 5000)
  const cut = await tell(box, ['jobs'])
  expect(cut.code).toBe(1)
  expect(cut.words).toContain('cannot be read')
  writeFileSync(box.path(ledger), 'this is no database, whatever its name says. '.repeat(200))
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('sqlite3 ledger.db .recover')
  expect(told.words).not.toMatch(/\n\s+at /)
  writeFileSync(box.path(ledger), whole)
  await finish(box)
  expect(await changesOf(box)).toContain('A out')
})

test('a ledger that may not be written is refused before anything is submitted', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  for (const path of [ledger, 'ds/.git/waybill']) chmodSync(box.path(path), 0o555)
  const before = (await box.run(['squeue', '-h', '-t', 'all', '--me', '-o', '%A %Z'])).stdout
  const told = await tell(box, ['schedule', '-o', 'b', 'sbatch', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('cannot be written')
  const after = (await box.run(['squeue', '-h', '-t', 'all', '--me', '-o', '%A %Z'])).stdout
  const mine = (text: string): readonly string[] =>
    text.split('\n').filter((line) => line.includes(box.path('ds')))
  expect(mine(after)).toEqual(mine(before))
  for (const path of ['ds/.git/waybill', ledger]) chmodSync(box.path(path), 0o755)
  await finish(box)
})

test.runIf(canSwitch())(
  'a full disk under the repository loses nothing: schedule refuses, finish leaves the job open',
  async () => {
    await using box = await Sandbox.create()
    await using disk = await smallDisk(box, 24, 'ds')
    await box.dataset('ds')
    box.write('ds/job.sh', '#!/bin/sh\neval "$1"\n')
    await scheduleToEnd(box, [
      '-o',
      'big',
      'sbatch',
      '-o',
      '/dev/null',
      'job.sh',
      'head -c 9000000 /dev/urandom >big',
    ])
    const sum = (await box.run(['md5sum', 'ds/big'])).stdout
    const head = await box.git('ds', 'rev-parse', 'HEAD')
    await disk.fill()
    const refused = await tell(box, ['schedule', '-o', 'b', 'sbatch', '-o', '/dev/null', 'job.sh', 'true'])
    expect(refused.code).toBe(1)
    expect(refused.words).toContain('no space left')
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.words).toContain('no space left')
    expect(told.words).not.toMatch(/\n\s+at /)
    await disk.free()
    expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
    expect((await box.run(['md5sum', 'ds/big'])).stdout).toBe(sum)
    expect(await openJobs(box)).toEqual(['w1'])
    await finish(box)
    expect((await box.run(['md5sum', 'ds/big'])).stdout).toBe(sum)
    expect(await changesOf(box)).toContain('A big')
    expect(await status(box)).toBe('?? job.sh')
    expect((await box.run(['git', 'fsck'], { cwd: 'ds' })).code).toBe(0)
  },
)

test.runIf(canSwitch())(
  'git or git-annex that runs out of space in the middle leaves the job open and its files in place',
  async () => {
    await using box = await Sandbox.create()
    await using disk = await smallDisk(box, 24, 'ds')
    await box.dataset('ds', { annex: 'none' })
    box.write('ds/job.sh', '#!/bin/sh\neval "$1"\n')
    // Random bytes do not compress: git needs as much again, which is more than is left.
    await scheduleToEnd(box, [
      '-o',
      'big',
      'sbatch',
      '-o',
      '/dev/null',
      'job.sh',
      'head -c 14000000 /dev/urandom >big',
    ])
    const sum = (await box.run(['md5sum', 'ds/big'])).stdout
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.words).toContain('no space left')
    expect(await openJobs(box)).toEqual(['w1'])
    expect((await box.run(['md5sum', 'ds/big'])).stdout).toBe(sum)
    await box.run(['mount', '-o', 'remount,size=80m', box.path('ds')], { as: 'root' })
    await finish(box)
    expect(await changesOf(box)).toContain('A big')
    await disk.free()
  },
)

test.runIf(canSwitch())(
  'a clone shared by a group is one ledger: one schedules, the other sees and records',
  async () => {
    await using box = await sandboxWithDataset()
    await box.run(['git', 'clone', '-q', '-c', 'core.sharedRepository=group', 'ds', 'shared'])
    await box.run([
      'sh',
      '-c',
      `cd shared && git annex init -q shared && chgrp -R ${box.group} . && chmod -R g+w . && find . -type d -exec chmod g+s {} +`,
    ])
    for (const as of ['user', 'peer'] as const)
      await box.run(['git', 'config', '--global', '--add', 'safe.directory', '*'], { as })
    const mine = await scheduleToEnd(
      box,
      ['-o', 'mine', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >mine'],
      { cwd: 'shared' },
    )
    const theirs = await scheduleToEnd(
      box,
      ['-o', 'theirs', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >theirs'],
      { cwd: 'shared', as: 'peer' },
    )
    const conflict = await tell(box, ['schedule', '-o', 'mine', 'sbatch', 'job.sh', 'true'], {
      cwd: 'shared',
      as: 'peer',
    })
    expect(conflict.words).toContain('conflicts with mine of job w1')
    const listed = await box.waybill(['jobs'], { cwd: 'shared', as: 'peer' })
    expect(listed.stdout).toContain('waybill-test')
    expect(listed.stdout.match(/COMPLETED/g)).toHaveLength(2)
    const told = await tell(box, ['finish'], { cwd: 'shared', as: 'peer' })
    expect(told.words + told.stdout).not.toContain('error')
    expect(told.code).toBe(0)
    const titles = await box.git('shared', 'log', '-2', '--format=%s')
    for (const { id } of [mine, theirs]) expect(titles).toContain(`Slurm job ${id}: Completed`)
    expect(statSync(box.path('shared/.git/waybill/ledger.db')).mode & 0o060).toBe(0o060)
    await schedule(box, ['-o', 'again', 'sbatch', '--hold', 'job.sh', 'true'], { cwd: 'shared' })
    await tell(box, ['cancel', 'w3'], { cwd: 'shared' })
    expect(await status(box, 'shared')).toBe('')
  },
)

test('a job is not recorded twice, and its record names no person', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  await finish(box)
  await finish(box)
  const { message } = await recordOf(box)
  expect(message).not.toContain(box.environment()['USER'])
  expect(await box.git('ds', 'rev-list', '--count', '--grep=SLURM RUN', 'HEAD')).toBe('1')
})
