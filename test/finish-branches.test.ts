import { readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { localEnded, openInLedger } from './support/after-kill.ts'
import { threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import { Sandbox } from './support/sandbox.ts'
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
import { recordsByJob, textAt, whole } from './support/template.ts'

const branchOf = (id: string | number): string => `slurm-job-branch-${id}`

/** The branches of jobs, with the parent of each tip. */
async function jobBranches(box: Sandbox): Promise<Readonly<Record<string, string>>> {
  const lines = await box.git(
    'ds',
    'for-each-ref',
    '--format=%(refname:short) %(parent)',
    'refs/heads/slurm-*',
  )
  return Object.fromEntries(lines.split('\n').map((line) => line.split(' ') as [string, string]))
}

test('each job goes to a branch of its own, the work tree is as before, and the branches can be merged', async () => {
  const { box, ids } = await threeEndedJobs()
  await using _ = box
  await schedule(box, ['-o', 'here', 'sh', '-c', 'mkdir here; echo 1 >here/x'])
  const [local] = (await openInLedger(box)).slice(-1)
  await localEnded(box, local?.scheduler_id ?? '')
  const names = [...ids, `w${local?.id}`]
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await finish(box, ['--branches'])
  // They come in the order in which they ended.
  const saved = told.results.filter(({ action }) => action === 'save')
  expect(saved).toHaveLength(names.length)
  for (const id of names)
    expect(saved).toContainEqual(
      expect.objectContaining({ status: 'ok', path: '.', branch: branchOf(id) }) as unknown,
    )
  expect(await box.git('ds', 'symbolic-ref', 'HEAD')).toBe('refs/heads/main')
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  expect(await jobBranches(box)).toEqual(Object.fromEntries(names.map((id) => [branchOf(id), head])))
  expect(await openJobs(box)).toEqual([])

  // What they made is there no more, what they changed or removed is back, and the user's own stays.
  expect(await status(box)).toBe(usersOwn)
  for (const gone of ['b', 'c', 'here', 'a/new.bin', `slurm-${ids[0]}.out`, '.waybill'])
    expect(box.exists(`ds/${gone}`, 'link'), gone).toBe(false)
  expect(box.read('ds/a/gone.txt')).toBe('old\n')
  expect(readlinkSync(box.path('ds/a/same.bin'))).toContain('annex/objects')
  expect(textAt(box, 'a/gone.bin')).toHaveLength(3000)
  expect(textAt(box, 'a/big.bin').endsWith('more\n')).toBe(false)
  await whole(box)

  expect(await changesOf(box, branchOf(ids[0] ?? ''))).toEqual(
    expect.arrayContaining(['A a/new.bin', 'M a/big.bin', 'D a/gone.txt', 'D a/gone.bin', 'M a/plain.txt']),
  )
  expect((await recordOf(box, branchOf(names[3] ?? ''))).record.waybill).toMatchObject({ job: names[3] })
  const shown = await box.waybill(['show', ids[1] ?? ''], { cwd: 'ds' })
  expect(shown.stdout).toContain('b/c/x')
  expect(await box.git('ds', 'reflog', branchOf(ids[0] ?? ''), '--format=%gs')).toBe('waybill: record 4 jobs')

  await box.run(['git', 'commit', '-q', '-m', 'theirs'], { cwd: 'ds' })
  for (const id of names) await box.run(['git', 'merge', '-q', '--no-edit', branchOf(id)], { cwd: 'ds' })
  expect(await recordsByJob(box)).toEqual(Object.fromEntries(names.map((id) => [id, 1])))
  expect(box.read('ds/b/c/x')).toBe('1\n')
  expect(textAt(box, 'a/big.bin').endsWith('more\n')).toBe(true)
  expect(await status(box)).toBe(' M user.txt\n?? loose.txt')
  await whole(box)
})

test('a branch of that name is there: its job stays open, with the way on, and the others go on', async () => {
  await using box = await sandboxWithDataset()
  const first = await scheduleToEnd(box, ['-o', 'one', 'sbatch', 'job.sh', 'echo 1 >one'])
  const second = await scheduleToEnd(box, ['-o', 'two', 'sbatch', 'job.sh', 'echo 2 >two'])
  const third = await scheduleToEnd(box, ['-o', 'three', 'sbatch', 'job.sh', 'echo 3 >three'])
  await box.git('ds', 'branch', branchOf(first.id))
  await box.git('ds', 'branch', `${branchOf(second.id)}/mine`)
  const told = await tell(box, ['finish', '--branches'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`git branch -D ${branchOf(first.id)}`)
  expect(told.words).toContain(`git branch -m ${branchOf(second.id)}/mine NEW`)
  expect(await openJobs(box)).toEqual([first.job, second.job])
  expect(await box.git('ds', 'rev-parse', branchOf(first.id))).toBe(await box.git('ds', 'rev-parse', 'main'))
  expect([box.exists('ds/one'), box.exists('ds/two'), box.exists('ds/three')]).toEqual([true, true, false])
  expect(await box.git('ds', 'show', `${branchOf(third.id)}:three`)).toBe('3')
  await box.git('ds', 'branch', '-m', branchOf(first.id), 'mine')
  await finish(box, ['--branches', String(first.id)])
  expect(await box.git('ds', 'show', `${branchOf(first.id)}:one`)).toBe('1')
  expect(await openJobs(box)).toEqual([second.job])
  await whole(box)
})

const job = (work: string): readonly string[] => ['sbatch', 'job.sh', work]

test('a folder that a running job will write to stays, empty as it is', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const ended = await scheduleToEnd(box, ['-o', 'results/a', ...job('mkdir results; echo 1 >results/a')])
  const open = await schedule(box, ['-o', 'results/b', ...job(`${gate.line}; echo 2 >results/b`)])
  await gate.reached()
  await finish(box, ['--branches', String(ended.id)])
  expect(box.exists('ds/results/a')).toBe(false)
  await gate.open()
  await jobEnded(box, open.id)
  expect(box.read('ds/results/b')).toBe('2\n')
  await finish(box, ['--branches'])
  expect(await status(box)).toBe('')
  expect(box.exists('ds/results')).toBe(false)
})

/** A hook of git's that does something at the worst moment: the records are written, and no branch stands yet. */
function meanwhile(box: Sandbox, command: string): void {
  const hook = `#!/bin/sh
[ "$1" = committed ] || exit 0
while read -r _ new ref; do
  case $new$ref in
  0000*) ;;
  *refs/waybill/*) unset GIT_DIR GIT_INDEX_FILE; [ -e ../once ] || { touch ../once; ${command}; } ;;
  esac
done`
  box.write('ds/.git/hooks/reference-transaction', hook, 0o755)
}

test('a file that changes while it is recorded is left and named; the record has what it was', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'd/tracked.txt': 'old\n' })
  const work = 'echo 1 >d/fresh.txt; echo 1 >d/same.txt; echo 1 >d/tracked.txt'
  const { id } = await scheduleToEnd(box, ['-o', 'd', 'sbatch', 'job.sh', work])
  meanwhile(box, 'echo late >d/fresh.txt; chmod +x d/tracked.txt')
  const told = await finish(box, ['--branches'])
  expect(told.results.filter(({ action }) => action === 'remove').map(({ path }) => path)).toEqual([
    'd/fresh.txt',
    'd/tracked.txt',
  ])
  expect(told.words).toContain('no longer what was recorded')
  expect(box.read('ds/d/fresh.txt')).toBe('late\n')
  expect(await status(box)).toBe(' M d/tracked.txt\n?? d/fresh.txt')
  expect(await box.git('ds', 'show', `${branchOf(id)}:d/fresh.txt`)).toBe('1')
})

test('the user commits meanwhile, the same file among it: it stays theirs, and the branch begins where finish did', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'user.txt': 'old\n' })
  const { id } = await scheduleToEnd(box, [
    '-o',
    'd',
    'sbatch',
    'job.sh',
    'mkdir d; echo 1 >d/x; echo 2 >d/y',
  ])
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const identity = async (): Promise<string> => (await box.run(['stat', '-c', '%i %y', 'ds/d/x'])).stdout
  const before = await identity()
  meanwhile(box, 'echo mine >user.txt; git add d/x; git commit -q -m theirs -- d/x user.txt')
  await finish(box, ['--branches'])
  expect(await jobBranches(box)).toEqual({ [branchOf(id)]: head })
  expect(await box.git('ds', 'log', '-1', '--format=%s')).toBe('theirs')
  expect(await identity(), 'not even for a moment was it away').toBe(before)
  expect(box.exists('ds/d/y')).toBe(false)
  expect(await status(box)).toBe('')
  await whole(box)
})

test('somebody makes a branch of that name meanwhile: nothing of theirs is moved, and the other jobs go on', async () => {
  await using box = await sandboxWithDataset()
  const first = await scheduleToEnd(box, ['-o', 'one', 'sbatch', 'job.sh', 'echo 1 >one'])
  const second = await scheduleToEnd(box, ['-o', 'two', 'sbatch', 'job.sh', 'echo 2 >two'])
  meanwhile(box, `git branch ${branchOf(first.id)}`)
  const told = await tell(box, ['finish', '--branches'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`there is a branch ${branchOf(first.id)} already`)
  expect(await openJobs(box)).toEqual([first.job])
  expect(await box.git('ds', 'show', `${branchOf(second.id)}:two`)).toBe('2')
  expect([box.exists('ds/one'), box.exists('ds/two')]).toEqual([true, false])
  await whole(box)
})

test('unlocked annexed files come back with their content, a file that became a folder as a file', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'd/big.bin': Buffer.alloc(3000, 1).fill(0, 0, 9), 'd/turned': 'file\n' })
  await box.git('ds', 'annex', 'unlock', '--quiet', 'd/big.bin')
  await box.run(['git', 'commit', '-q', '-m', 'Unlock'], { cwd: 'ds' })
  const before = textAt(box, 'd/big.bin')
  const work = 'echo more >>d/big.bin; rm d/turned; mkdir -p d/turned/deep; echo 1 >d/turned/deep/x'
  const { id } = await scheduleToEnd(box, ['-o', 'd', 'sbatch', 'job.sh', work])
  await finish(box, ['--branches'])
  expect(textAt(box, 'd/big.bin')).toBe(before)
  expect(box.read('ds/d/turned')).toBe('file\n')
  expect(await status(box)).toBe('')
  await box.run(['git', 'merge', '-q', branchOf(id)], { cwd: 'ds' })
  expect(textAt(box, 'd/big.bin')).toBe(`${before}more\n`)
  expect(box.read('ds/d/turned/deep/x')).toBe('1\n')
  await whole(box)
})
