import { readdirSync, rmSync } from 'node:fs'
import { expect, test } from 'vitest'
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

const write = ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'] as const

/** What must not change when something is refused. */
async function state(box: Sandbox): Promise<string> {
  const refs = await box.run(['git', 'for-each-ref'], { cwd: 'ds' })
  const index = await box.run(['git', 'ls-files', '--stage'], { cwd: 'ds' })
  return refs.stdout + index.stdout + (await status(box))
}

test('outside of a repository, every command says so and what to do', async () => {
  await using box = await sandboxWithDataset()
  for (const words of [
    ['schedule', ...write],
    ['jobs'],
    ['finish'],
    ['cancel', '1'],
    ['close', '1'],
    ['logs', '1'],
    ['show', 'HEAD'],
  ]) {
    const told = await box.waybill(words, { allowFailure: true })
    expect(told.code, words[0]).toBe(1)
    expect(told.stderr, words[0]).toContain('is in no git repository')
    expect(told.stderr, words[0]).not.toMatch(/\n\s+at /)
  }
})

test('a bare repository and the inside of .git are refused', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['git', 'init', '-q', '--bare', 'bare'])
  expect((await tell(box, ['schedule', ...write], { cwd: 'bare' })).words).toContain('is a bare repository')
  expect((await tell(box, ['schedule', ...write], { cwd: 'ds/.git' })).words).toContain('lies inside .git')
})

test('on an unborn branch the record is the first commit, and commit_id is null', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['git', 'init', '-q', 'new'])
  box.write('new/job.sh', '#!/bin/sh\necho 1 >out\n')
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh'], { cwd: 'new' })
  await finish(box, [], 'new')
  expect(await box.git('new', 'rev-list', '--count', 'HEAD')).toBe('1')
  const { record } = await recordOf(box, 'HEAD', 'new')
  expect(record['commit_id']).toBeNull()
  expect(await status(box, 'new')).toBe('?? job.sh')
  const script = record.waybill['script'] as { readonly copy: string }
  expect(await box.git('new', 'show', `HEAD:${script.copy}`)).toBe('#!/bin/sh\necho 1 >out')
})

test('with a detached HEAD nothing is scheduled, and nothing recorded', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  await box.git('ds', 'checkout', '-q', '--detach')
  const before = await state(box)
  const refused = await tell(box, ['schedule', '-o', 'other', 'sbatch', 'job.sh', 'true'])
  expect(refused.code).toBe(1)
  expect(refused.words).toContain('HEAD is detached')
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('git switch main')
  expect(await state(box)).toBe(before)
  await box.git('ds', 'switch', '-q', 'main')
  await finish(box)
  expect(await openJobs(box)).toEqual([])
})

test('while a merge is in progress nothing is recorded; afterwards it is, on top of it', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { text: 'a\n' })
  await box.git('ds', 'switch', '-q', '-c', 'side')
  await addFiles(box, 'ds', { text: 'b\n' })
  await box.git('ds', 'switch', '-q', 'main')
  await addFiles(box, 'ds', { text: 'c\n' })
  await scheduleToEnd(box, write)
  await box.run(['git', 'merge', '-q', 'side'], { cwd: 'ds', allowFailure: true })
  const before = await state(box)
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('a merge is in progress')
  expect(await state(box)).toBe(before)
  box.write('ds/text', 'both\n')
  await box.git('ds', 'commit', '-q', '-m', 'Merge', 'text', '-i')
  const merged = await box.git('ds', 'rev-parse', 'HEAD')
  await finish(box)
  expect(await box.git('ds', 'rev-parse', 'HEAD^')).toBe(merged)
  expect(await status(box)).toBe('')
})

test('when another branch is checked out the job stays open, with both ways on', async () => {
  await using box = await sandboxWithDataset()
  const { id, job } = await scheduleToEnd(box, write)
  await box.git('ds', 'switch', '-q', '-c', 'other')
  const before = await state(box)
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`job ${id} was submitted on branch main, and other is checked out`)
  expect(told.words).toContain(`waybill close ${id}`)
  expect(await state(box)).toBe(before)
  await box.git('ds', 'switch', '-q', 'main')
  await finish(box, [job])
})

test('commits that came meanwhile stay below the record', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const submitted = await box.git('ds', 'rev-parse', 'HEAD')
  await addFiles(box, 'ds', { mine: 'mine\n' })
  await finish(box)
  expect(await box.git('ds', 'log', '-1', '--format=%s', 'HEAD^')).toBe('Add files')
  expect((await recordOf(box)).record['commit_id']).toBe(submitted)
  expect(await status(box)).toBe('')
})

test('on an adjusted branch schedule names the branch to switch to', async () => {
  await using box = await sandboxWithDataset()
  await box.git('ds', 'annex', 'adjust', '--unlock', '-q')
  const told = await tell(box, ['schedule', ...write])
  expect(told.code).toBe(1)
  expect(told.words).toContain('adjusted by git-annex')
  expect(told.words).toContain('git switch main')
  expect(await openJobs(box)).toEqual([])
})

test('without a name for git, nothing is submitted, and nothing is recorded', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const env = { HOME: box.folder, GIT_CONFIG_NOSYSTEM: '1', EMAIL: undefined }
  await box.run(['git', 'config', 'user.useConfigOnly', 'true'], { cwd: 'ds' })
  const refused = await tell(box, ['schedule', '-o', 'b', 'sbatch', 'job.sh', 'true'], { env })
  expect(refused.code).toBe(1)
  expect(refused.words).toContain('git config --global user.name')
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await tell(box, ['finish'], { env })
  expect(told.code).toBe(1)
  expect(told.words).toContain('git config --global user.name')
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  await finish(box)
})

test('a hook that rejects commits, and one that edits, are not run; the next commit of the user is harmless', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/.git/hooks/pre-commit', '#!/bin/sh\nexit 1\n', 0o755)
  await scheduleToEnd(box, write)
  await finish(box)
  expect(await changesOf(box)).toContain('A out')
})

test('while another git holds the index, finish waits, and goes on when that ends', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const lock = box.write('ds/.git/index.lock', '')
  const finishing = finish(box)
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  // It has come to the lock when its own plan to move the branch is written.
  await expect
    .poll(() => readdirSync(box.path('ds/.git/waybill')).length, { timeout: 20_000 })
    .toBeGreaterThan(0)
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  rmSync(lock)
  await finishing
  expect(await changesOf(box)).toContain('A out')
  expect(await status(box)).toBe('')
})

test('a repository whose objects may not be written keeps the job, and names the cause', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, write)
  const before = await box.git('ds', 'rev-parse', 'HEAD')
  await box.run(['sh', '-c', 'chmod -R a-w ds/.git/objects ds/.git/annex'])
  const told = await tell(box, ['finish'])
  await box.run(['sh', '-c', 'chmod -R u+w ds/.git/objects ds/.git/annex'])
  expect(told.code).toBe(1)
  expect(told.words).toMatch(/[Pp]ermission denied/)
  expect(told.words).not.toMatch(/\n\s+at /)
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(before)
  expect(await openJobs(box)).toEqual(['w1'])
  await finish(box)
  expect(await changesOf(box)).toContain('A out')
})

test('a job that is still held can be recorded once released, whatever HEAD was', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'echo 1 >out'])
  const listed = await box.waybill(['jobs'], { cwd: 'ds' })
  expect(listed.stdout).toMatch(/PENDING \(held by its user\)/)
  expect((await tell(box, ['finish'])).code).toBe(1)
  await box.run(['scancel', String(id)])
})
