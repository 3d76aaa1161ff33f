import { expect, test } from 'vitest'
import {
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

test('from a subdirectory, outputs and logs are recorded relative to the root, and pwd names the subdirectory', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/runs/a/run.sh', '#!/bin/sh\nmkdir -p out\necho 1 >out/x\n')
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'run.sh'], { cwd: 'ds/runs/a' })
  await finish(box)
  const { record } = await recordOf(box)
  expect(record.pwd).toBe('runs/a')
  expect(record.outputs).toEqual(['runs/a/out', `runs/a/slurm-${id}.out`, `runs/a/slurm-job-${id}.env.json`])
  expect(record['slurm_outputs']).toEqual([`slurm-${id}.out`, `slurm-job-${id}.env.json`])
  expect(await changesOf(box)).toContain('A runs/a/out/x')
})

test('another dataset is named by -d, and paths stay relative to where the user stands', async () => {
  await using box = await sandboxWithDataset()
  const words = ['-d', 'ds', '-o', 'ds/out', 'sbatch', '--chdir=ds', 'ds/job.sh', 'mkdir out; echo 1 >out/x']
  await scheduleToEnd(box, words, { cwd: '.' })
  const told = await tell(box, ['finish', '-d', 'ds'], { cwd: '.' })
  expect(told.code).toBe(0)
  expect(await changesOf(box)).toContain('A out/x')
  expect((await recordOf(box)).record.outputs).toContain('out')
})

test('a worktree has jobs of its own: recorded there, on its branch, and refused from elsewhere', async () => {
  await using box = await sandboxWithDataset()
  await box.git('ds', 'worktree', 'add', '-q', '-b', 'side', '../side')
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'mkdir out; echo 1 >out/x'], {
    cwd: 'side',
  })
  const elsewhere = await tell(box, ['finish', String(id)])
  expect(elsewhere.code).toBe(1)
  expect(elsewhere.words).toContain(`submitted from the worktree ${box.path('side')}`)
  const before = await box.git('ds', 'rev-parse', 'main')
  await finish(box, [], 'side')
  expect(await box.git('side', 'log', '-1', '--format=%s', 'side')).toBe(
    `[DATALAD SLURM RUN] Slurm job ${id}: Completed`,
  )
  expect(await box.git('ds', 'rev-parse', 'main')).toBe(before)
  expect(await status(box, 'side')).toBe('')
})

test('two worktrees may write the same path at once', async () => {
  await using box = await sandboxWithDataset()
  await box.git('ds', 'worktree', 'add', '-q', '-b', 'side', '../side')
  await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'])
  await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'], { cwd: 'side' })
  const listed = await box.waybill(['jobs'], { cwd: 'ds' })
  expect(listed.stdout).toContain(box.path('side'))
  await box.run(['sh', '-c', 'waybill cancel w1 w2'], { cwd: 'ds' })
})

test('through a symlinked path, paths are those of the real one', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['ln', '-s', 'ds', 'link'])
  await box.run(['mkdir', 'ds/sub'])
  await scheduleToEnd(box, ['-o', `${box.path('link')}/sub/out`, 'sbatch', '../job.sh', 'echo 1 >out'], {
    cwd: 'link/sub',
  })
  await finish(box, [], 'link')
  const { record } = await recordOf(box)
  expect(record.pwd).toBe('sub')
  expect(record.outputs[0]).toBe('sub/out')
  expect(await changesOf(box)).toContain('A sub/out')
  expect(await status(box)).toBe('')
})

test('outputs in a repository that is no submodule are refused, or scheduled there', async () => {
  await using box = await sandboxWithDataset()
  await box.dataset('ds/sub')
  const told = await tell(box, ['schedule', '-o', 'sub/out', 'sbatch', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('waybill schedule -d sub')
  expect(told.words).toContain('no submodule')
  await scheduleToEnd(box, ['-d', 'sub', '-o', 'sub/out', 'sbatch', '--chdir=sub', 'job.sh', 'echo 1 >out'])
  expect((await tell(box, ['finish'], { cwd: 'ds/sub' })).code).toBe(0)
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toContain('A out')
})

test('paths outside the dataset, inside .git and through links that lead out are refused as outputs', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['ln', '-s', '/tmp', 'ds/away'])
  for (const [path, words] of [
    ['../x', 'lies outside the dataset'],
    ['.git/x', 'lies inside .git'],
    ['away/x', 'leads out of the dataset through the link'],
    ['', 'an empty path'],
  ] as const) {
    const told = await tell(box, ['schedule', '-o', path, 'sbatch', 'job.sh', 'true'])
    expect(told.code, path).toBe(1)
    expect(told.words, path).toContain(words)
  }
})
