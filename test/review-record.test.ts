import { symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { jobAccounted } from './support/job.ts'
import { noteCalls } from './support/note-calls.ts'
import { canSwitch } from './support/users.ts'
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

describe('the description of a job', () => {
  test('is in the record also after a save that failed', async () => {
    await using box = await sandboxWithDataset({}, { annex: 'plain' })
    const { job, id } = await scheduleToEnd(box, [
      '-o',
      'out',
      'sbatch',
      'job.sh',
      'mkdir out; echo 1 >out/a',
    ])
    const file = `slurm-job-${id}.env.json`
    await box.git('ds', 'config', 'commit.gpgsign', 'true')
    await box.git('ds', 'config', 'gpg.program', '/bin/false')
    const failed = await tell(box, ['finish', job])
    expect(failed.code).toBe(1)
    expect(failed.words).toContain('signing failed')
    // git-annex has taken it: a link to an object that nobody may write.
    expect(box.exists(`ds/${file}`)).toBe(true)
    await box.git('ds', 'config', '--unset', 'commit.gpgsign')
    await finish(box, [job])
    expect(await changesOf(box)).toContain(`A ${file}`)
    expect(JSON.parse(box.read(`ds/${file}`))).toMatchObject({ JobState: 'COMPLETED' })
    await box.run(['git', 'annex', 'fsck', '-q'], { cwd: 'ds' })
    expect(await status(box)).toBe('')
  })

  test('that cannot be written keeps the job open', async () => {
    await using box = await sandboxWithDataset()
    const words = ['-o', 'out', 'sbatch', 'job.sh', 'mkdir out; echo 1 >out/a']
    const { job, id } = await scheduleToEnd(box, words)
    await box.run(['mkdir', `slurm-job-${id}.env.json`], { cwd: 'ds' })
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.words).toContain(`job ${id} stays open`)
    expect(await openJobs(box)).toEqual([job])
    expect(await box.git('ds', 'log', '--format=%s', '-1')).toBe('Add files')
  })
})

describe('a .waybill that is no folder', () => {
  test.each(['a file', 'a link'])('(%s) keeps a job open whose script has to go there', async (what) => {
    await using box = await sandboxWithDataset()
    box.write('ds/new.sh', '#!/bin/sh\nmkdir out; echo 1 >out/a\n', 0o755)
    const { job } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'new.sh'])
    await box.run(['mkdir', 'elsewhere'])
    if (what === 'a link') symlinkSync(box.path('elsewhere'), box.path('ds/.waybill'))
    else box.write('ds/.waybill', 'mine\n')
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.stderr).toBe('')
    expect(told.results).toContainEqual(
      expect.objectContaining({ action: 'add', status: 'impossible', path: '.waybill' }),
    )
    expect(await openJobs(box)).toEqual([job])
    expect(box.exists('elsewhere/scripts')).toBe(false)
    await box.run(['rm', '.waybill'], { cwd: 'ds' })
    await finish(box, [job])
    expect((await changesOf(box)).some((change) => change.startsWith('A .waybill/scripts/'))).toBe(true)
  })
})

describe('an unchanged output that cannot become a link again', () => {
  test('keeps the job open, and says why', async () => {
    await using box = await sandboxWithDataset({}, { annex: 'plain' })
    await addFiles(box, 'ds', { 'keep/b': 'same\n' })
    const { job, id } = await scheduleToEnd(box, ['-o', 'keep', '-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
    await box.run(['chmod', '555', 'ds/keep'])
    const told = await tell(box, ['finish'])
    expect(told.code).toBe(1)
    expect(told.results).toContainEqual(expect.objectContaining({ action: 'lock', status: 'error' }))
    expect(told.words).toContain(`job ${id} stays open`)
    expect(await openJobs(box)).toEqual([job])
    await box.run(['chmod', '755', 'ds/keep'])
    await finish(box, [job])
    expect(await status(box)).toBe('')
  })
})

test('a finish asks git and Slurm about all its jobs at once, and waits for the disk once', async () => {
  await using box = await sandboxWithDataset()
  const ids: number[] = []
  for (let i = 0; i < 11; i++) {
    const { id } = await schedule(box, ['-o', `o${i}`, 'sbatch', 'job.sh', `echo 1 >o${i}`])
    ids.push(id)
  }
  for (const id of ids) await jobAccounted(box, id)
  const look = ['strace', '-f', '-e', 'trace=fsync,fdatasync', '-o', 'synced', 'waybill', 'jobs', '-d', 'ds']
  await box.run(look)
  expect(
    box
      .read('synced')
      .split('\n')
      .filter((line) => /sync\(/.test(line)).length,
  ).toBeLessThan(9)
  const git = noteCalls(box, 'git')
  const scontrol = noteCalls(box, 'scontrol')
  await finish(box, [], { cwd: 'ds', env: { PATH: git.PATH } })
  expect(await openJobs(box)).toEqual([])
  expect(git.calls().filter((call) => call.includes('ls-tree')).length).toBeLessThanOrEqual(3)
  // Side by side, each about several.
  expect(scontrol.calls().filter((call) => !call.includes('config')).length).toBeLessThanOrEqual(2)
  for (const id of ids) expect(box.read(`ds/slurm-job-${id}.env.json`)).toContain('"JobState": "COMPLETED"')
})

test('a job of this machine whose folder cannot be read keeps the others from nothing', async () => {
  await using box = await sandboxWithDataset()
  const bad = await schedule(box, ['-o', 'bad', 'sh', '-c', 'echo 1 >bad'])
  const good = await schedule(box, ['-o', 'good', 'sh', '-c', 'echo 1 >good'])
  const states = async (): Promise<readonly unknown[]> =>
    (await tell(box, ['jobs'])).results.map((one) => (one as unknown as { readonly state: string }).state)
  await expect.poll(states, { timeout: 20_000 }).toEqual(['ended', 'ended'])
  await box.run([
    'sh',
    '-c',
    `for d in ds/.git/waybill/jobs/*/local; do grep -q '"${bad.job}"' $d/job.json && rm $d/job.json && mkdir $d/job.json; done; true`,
  ])
  await finish(box, [good.job])
  expect(await changesOf(box)).toEqual(['A good'])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(await openJobs(box)).toEqual([bad.job])
})

test('a folder whose name looks like a pattern is an input and an output like any other', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'data [v1]/in': 'x\n', 'data v/in': 'y\n', 'new [2]/old': '1\n' })
  const words = ['-i', 'data [v1]', '-o', 'new [2]', 'sbatch', 'job.sh', 'cat "data [v1]/in" >"new [2]/a"']
  const { job } = await scheduleToEnd(box, words)
  await finish(box, [job])
  expect(await changesOf(box)).toContain('A new [2]/a')
  const { record } = await recordOf(box)
  // As DataLad reads them: patterns of Python's glob.
  expect(record).toMatchObject({ inputs: ['data [[]v1]'], outputs: expect.arrayContaining(['new [[]2]']) })
  expect(JSON.stringify(record.waybill['inputs'])).toContain('data [v1]/in')
  const again = await tell(box, ['reschedule'])
  expect(again.code).toBe(0)
})

test('wildcards name inputs outside the dataset, too', async () => {
  await using box = await sandboxWithDataset()
  for (const name of ['a1.txt', 'a2.txt', 'b.txt']) box.write(`elsewhere/${name}`, `${name}\n`)
  const pattern = `${box.path('elsewhere')}/a*.txt`
  const { job } = await scheduleToEnd(box, [
    '-i',
    pattern,
    '-o',
    'out',
    'sbatch',
    'job.sh',
    'cat {inputs} >out',
  ])
  await finish(box, [job])
  expect(box.read('ds/out')).toBe('a1.txt\na2.txt\n')
  const { record } = await recordOf(box)
  expect(record.inputs).toEqual([pattern])
  const identities = record.waybill['inputs'] as readonly { readonly path: string }[]
  expect(identities.map(({ path }) => path)).toEqual([
    box.path('elsewhere/a1.txt'),
    box.path('elsewhere/a2.txt'),
  ])
  const none = await tell(box, ['schedule', '-i', '../elsewhere/c*', '-o', 'x', 'sbatch', 'job.sh', 'true'])
  expect(none.code).toBe(1)
  expect(none.words).toContain('elsewhere/c*')
})

test('a script whose annexed content is absent is fetched', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'plain' })
  await addFiles(box, 'ds', { 'big.sh': '#!/bin/sh\necho 1 >out\n' })
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  await box.run(['git', 'annex', 'init', '-q', 'clone'], { cwd: 'clone' })
  expect(box.exists('clone/big.sh')).toBe(false)
  const dry = await tell(box, ['schedule', '--dry-run', 'basic', '-o', 'out', 'sbatch', 'big.sh'], {
    cwd: 'clone',
  })
  expect(dry.code).toBe(1)
  expect(box.exists('clone/big.sh')).toBe(false)
  const { job } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'big.sh'], { cwd: 'clone' })
  expect(box.read('clone/big.sh')).toContain('echo 1')
  await finish(box, [job], 'clone')
  expect(box.read('clone/out')).toBe('1\n')
})

test.runIf(canSwitch())('members of a group finish in one clone, one after the other', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  const share = `git config core.sharedRepository group && chgrp -R ${box.group} . && chmod -R g+w . && find . -type d -exec chmod g+s {} +`
  await box.run(['sh', '-c', share], { cwd: 'ds' })
  for (const as of ['user', 'peer'] as const) {
    await box.run(['git', 'config', '--global', '--add', 'safe.directory', '*'], { as })
    const words = ['-o', as, 'sbatch', '-o', '/dev/null', 'job.sh', `echo 1 >${as}`]
    const { job, id } = await scheduleToEnd(box, words, { cwd: 'ds', as })
    await finish(box, [job], { cwd: 'ds', as })
    expect(await changesOf(box)).toEqual([`A ${as}`, `A slurm-job-${id}.env.json`].toSorted())
  }
})
