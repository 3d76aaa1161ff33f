import { existsSync, statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { networkDisk, type NetworkDisk } from './support/network-disk.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Ran } from './support/programs.ts'
import { Sandbox } from './support/sandbox.ts'
import { changesOf, finish, openJobs, recordOf, schedule, status, tell } from './support/scenario.ts'

/** A dataset `ds` that is seen over a network; jobs write on its server, as on another node. */
async function seenFromAfar(box: Sandbox): Promise<NetworkDisk> {
  const disk = await networkDisk(box)
  await begin(box)
  return disk
}

async function begin(box: Sandbox): Promise<void> {
  await box.dataset('ds', { annex: 'none' })
  // Times in the past: git looks into files that are as young as its index.
  for (const [path, content] of [
    ['job.sh', '#!/bin/sh\ncd "$1"; eval "$2"\n'],
    ['known.txt', 'old\n'],
    ['many/first.txt', '1\n'],
  ] as const)
    box.write(`ds/${path}`, content)
  await box.run(['touch', '-d', '2020-01-01', 'job.sh', 'known.txt', 'many/first.txt'], { cwd: 'ds' })
  await box.run(['git', 'add', '.'], { cwd: 'ds' })
  await box.run(['git', 'commit', '-q', '-m', 'Begin'], { cwd: 'ds' })
}

/** Runs a job with these outputs whose script works on the server, to its end; `before` is done when it has begun and not written yet. */
async function runElsewhere(
  box: Sandbox,
  disk: NetworkDisk,
  output: string,
  script: string,
  before: () => Promise<void>,
  options: readonly string[] = [],
): Promise<number> {
  const gate = makeGate(box, `gate-${output.replaceAll(/\W/g, '-')}`)
  const outputs = output.split(' ').flatMap((path) => ['-o', path])
  const words = [...options, ...outputs, 'sbatch', 'job.sh', box.path(disk.server), `${gate.line}; ${script}`]
  const { id } = await schedule(box, words)
  await gate.reached()
  await before()
  await gate.open()
  await jobEnded(box, id)
  await jobAccounted(box, id)
  return id
}

/** `finish` on a terminal, where it tells of its progress; and what it has said so far. */
function finishOnTerminal(
  box: Sandbox,
  seconds: number,
): { readonly said: () => string; readonly ended: Promise<Ran> } {
  const command = 'echo $$ >../pid; exec waybill finish'
  const ended = box.run(['script', '-qefc', command, '../words'], {
    cwd: 'ds',
    env: { WAYBILL_FACTS_WAIT: '0', WAYBILL_OUTPUTS_WAIT: String(seconds), SHELL: '/bin/sh' },
    allowFailure: true,
  })
  return { said: () => (box.exists('words') ? box.read('words') : ''), ended }
}

async function waits(said: () => string, files: string): Promise<void> {
  const words = `waiting until ${files} of other machines can be seen here (FUSE)`
  await expect.poll(said, { timeout: 40_000, interval: 20 }).toContain(words)
}

test('outputs that are seen late are waited for, those of all jobs together, and recorded whole', async () => {
  await using box = await Sandbox.create()
  await using disk = await seenFromAfar(box)
  const isSeen = (path: string): boolean => existsSync(box.path(`ds/${path}`))
  await runElsewhere(box, disk, 'one.txt', 'seq 10000 >one.txt', async () => {
    expect(isSeen('one.txt')).toBe(false)
  })
  await runElsewhere(box, disk, 'new/two.txt', 'mkdir new; echo 2 >new/two.txt', async () => {
    expect(isSeen('new')).toBe(false)
  })
  await runElsewhere(box, disk, 'many', 'echo 3 >many/three.txt', async () => {
    expect(isSeen('many/three.txt')).toBe(false)
  })
  expect([isSeen('one.txt'), isSeen('new'), isSeen('many/three.txt')]).toEqual([false, false, false])
  const { said, ended } = finishOnTerminal(box, 600)
  await waits(said, '3 files')
  disk.reveal('one.txt')
  await waits(said, '2 files')
  expect(await openJobs(box)).toHaveLength(3)
  disk.reveal('new')
  // The folder tells of it, and a look at the file itself does not find it.
  await waits(said, '1 file')
  disk.reveal('many/three.txt')
  expect((await ended).code, said()).toBe(0)
  expect(await changesOf(box, 'HEAD~2')).toContain('A one.txt')
  expect((await box.git('ds', 'show', 'HEAD~2:one.txt')).split('\n')).toHaveLength(10_000)
  expect(await changesOf(box, 'HEAD~1')).toContain('A new/two.txt')
  expect(await changesOf(box)).toContain('A many/three.txt')
  expect(await status(box)).toBe('')
})

test('a job that ran in an alternative directory is waited for where it ran', async () => {
  await using box = await Sandbox.create()
  await using disk = await networkDisk(box, 'far')
  await begin(box)
  const options = ['-a', box.path('far')]
  const before = async (): Promise<void> => expect(existsSync(box.path('far/one.txt'))).toBe(false)
  await runElsewhere(box, disk, 'one.txt', 'echo 1 >one.txt', before, options)
  const { said, ended } = finishOnTerminal(box, 600)
  await waits(said, '1 file')
  disk.reveal('one.txt')
  expect((await ended).code, said()).toBe(0)
  expect(await changesOf(box)).toContain('A one.txt')
})

test('what never comes is told after a time, and the record is made; of a job that failed nothing is waited for', async () => {
  await using box = await Sandbox.create()
  await using disk = await seenFromAfar(box)
  const id = await runElsewhere(box, disk, 'never.txt known.txt', 'echo new >known.txt', async () => {})
  const told = await tell(box, ['finish'], { env: { WAYBILL_OUTPUTS_WAIT: '1' } })
  expect(told.code).toBe(1)
  expect(told.words).toMatch(
    /output never\.txt was declared, and there is no such file to be seen here \d+ (s|min).* after the end of the job\. .*FUSE file system is late/,
  )
  expect((await recordOf(box)).record).toMatchObject({ slurm_job_id: id, waybill: { state: 'COMPLETED' } })
  expect(await changesOf(box)).toContain('M known.txt')

  const failed = await runElsewhere(box, disk, 'nothing.txt', 'false', async () => {})
  const options = { env: { WAYBILL_OUTPUTS_WAIT: '3600' } }
  expect((await tell(box, ['finish', '--commit-failed-jobs'], options)).words).toContain(
    'output nothing.txt was declared, but the job made no such file',
  )
  expect((await recordOf(box)).record).toMatchObject({ slurm_job_id: failed, waybill: { state: 'FAILED' } })
  expect(await openJobs(box)).toEqual([])
})

test('a tracked output that this machine remembers as it was is recorded as it is', async () => {
  await using box = await Sandbox.create()
  await using disk = await seenFromAfar(box)
  const remembered = (): number => statSync(box.path('ds/known.txt')).mtimeMs
  const before = remembered()
  await runElsewhere(box, disk, 'known.txt', 'echo new >known.txt', async () => {
    expect(await box.git('ds', 'status', '--porcelain', '--untracked-files=no')).toBe('')
  })
  expect(box.read(`${disk.server}/known.txt`)).toBe('new\n')
  expect(remembered()).toBe(before)
  await finish(box)
  expect(await changesOf(box)).toContain('M known.txt')
  expect(await box.git('ds', 'show', 'HEAD:known.txt')).toBe('new')
  expect(await status(box)).toBe('')
})

test('Ctrl-C while it waits leaves the job open, and the next finish records it', async () => {
  await using box = await Sandbox.create()
  await using disk = await seenFromAfar(box)
  await runElsewhere(box, disk, 'late.txt', 'echo 1 >late.txt', async () => {
    expect(existsSync(box.path('ds/late.txt'))).toBe(false)
  })
  const { said, ended } = finishOnTerminal(box, 600)
  await waits(said, '1 file')
  await box.run(['kill', '-INT', box.read('pid').trim()])
  expect((await ended).code, said()).toBe(130)
  expect(await openJobs(box)).toHaveLength(1)
  expect(await box.git('ds', 'log', '--format=%s')).toBe('Begin')
  disk.reveal('late.txt')
  await finish(box)
  expect(await changesOf(box)).toContain('A late.txt')
  expect(await status(box)).toBe('')
})
