import { lstatSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobEnded, jobIs } from './support/job.ts'
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

test('where every file is annexed, logs are too, and a second job can write all of them anew', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'plain' })
  for (const round of ['one', 'two']) {
    const words = [
      '-o',
      'out',
      'sbatch',
      '-o',
      'fixed.log',
      'job.sh',
      `mkdir -p out; echo ${round} | tee out/x`,
    ]
    const { id } = await schedule(box, words)
    expect(await jobEnded(box, id), round).toEqual(['COMPLETED'])
    await finish(box)
    expect(box.read('ds/out/x')).toBe(`${round}\n`)
    expect(box.read('ds/fixed.log')).toBe(`${round}\n`)
    expect(await status(box), round).toBe('')
  }
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['M fixed.log', 'M out/x']))
  expect(lstatSync(box.path('ds/fixed.log')).isSymbolicLink()).toBe(true)
  expect((await box.run(['git', 'annex', 'fsck', '-q'], { cwd: 'ds' })).code).toBe(0)
})

test('the git-annex of today does the same as that of Debian, odd names included', async () => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await addFiles(box, 'ds', {
    'out/old.bin': Buffer.from([0, 1, 255]),
    'out/gone.bin': Buffer.from([0, 2, 255]),
  })
  const line = `printf '\\000\\001' >out/old.bin; rm out/gone.bin; echo t >"out/a b"; printf '\\000\\003' >"out/ü$(printf '\\nx')"; echo t >"out/n$(printf '\\nx')"`
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', line])
  await finish(box)
  expect(await changesOf(box)).toEqual(
    expect.arrayContaining(['M out/old.bin', 'D out/gone.bin', 'A out/a b', 'A out/ü\nx', 'A out/n\nx']),
  )
  expect(await status(box)).toBe('')
})

test('an unlocked output stays unlocked', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out.bin': Buffer.from([0, 1, 255]) })
  await box.git('ds', 'annex', 'unlock', '-q', 'out.bin')
  await box.git('ds', 'commit', '-q', '-m', 'Unlock', 'out.bin')
  await scheduleToEnd(box, ['-o', 'out.bin', 'sbatch', 'job.sh', "printf '\\000\\007' >out.bin"])
  await finish(box)
  expect(await changesOf(box)).toContain('M out.bin')
  expect(lstatSync(box.path('ds/out.bin')).isFile()).toBe(true)
  expect(await box.git('ds', 'ls-tree', 'HEAD', 'out.bin')).toMatch(/^100644 /)
  expect(await status(box)).toBe('')
})

test('the whole dataset as an output takes all that is new, and nothing of git or of ours', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, [
    '-o',
    '.',
    'sbatch',
    'job.sh',
    'echo 1 >a; mkdir -p d/e; echo 1 >d/e/f',
  ])
  await finish(box)
  expect(await changesOf(box)).toEqual(['A a', 'A d/e/f', `A slurm-${id}.out`, `A slurm-job-${id}.env.json`])
  expect(await status(box)).toBe('')
})

test('an output reached through a linked folder is recorded where it really lies', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'real/keep': '' })
  await box.run(['ln', '-s', 'real', 'ds/alias'])
  await scheduleToEnd(box, ['-o', 'alias/out', 'sbatch', '-o', 'alias/log-%j', 'job.sh', 'echo 1 >alias/out'])
  await finish(box)
  expect(await changesOf(box)).toContain('A real/out')
  expect(await status(box)).toBe('?? alias')
})

test('what a sparse checkout leaves out is not taken for deleted', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/in/x': 'x\n', 'out/not/y': 'y\n' })
  await box.git('ds', 'sparse-checkout', 'set', '--no-cone', '/*', '!/out/not/')
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'echo 2 >out/in/x'])
  await finish(box)
  expect((await changesOf(box)).filter((change) => change.includes('out/'))).toEqual(['M out/in/x'])
  expect(await box.git('ds', 'show', 'HEAD:out/not/y')).toBe('y')
  expect(await status(box)).toBe('')
})

test('line ends and filters of .gitattributes are heeded', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  await addFiles(box, 'ds', { '.gitattributes': '*.txt text eol=crlf\n' })
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'mkdir out; printf "a\\r\\nb\\r\\n" >out/x.txt'])
  await finish(box)
  expect(await box.git('ds', 'cat-file', 'blob', 'HEAD:out/x.txt')).toBe('a\nb')
  expect(await status(box)).toBe('')
})

test('a suspended job is open', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', 'job.sh', `${gate.line}; echo 1 >out`])
  await gate.reached()
  await box.run(['scontrol', 'suspend', String(id)], { as: 'root' })
  await jobIs(box, id, 'SUSPENDED')
  const told = await tell(box, ['finish', '--close-failed-jobs'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`${id}: SUSPENDED`)
  expect(await openJobs(box)).toEqual(['w1'])
  await box.run(['scontrol', 'resume', String(id)], { as: 'root' })
  await gate.open()
  expect(await jobEnded(box, id)).toEqual(['COMPLETED'])
  await finish(box)
})

test('a job scheduled before the branch was adjusted names the branch to go back to', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'echo 1 >out'])
  await box.git('ds', 'annex', 'adjust', '--unlock', '-q')
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('git switch main')
  await box.git('ds', 'switch', '-q', 'main')
  await finish(box)
})

test('a signed history stays signed', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', 'key'])
  for (const [name, value] of [
    ['gpg.format', 'ssh'],
    ['user.signingkey', box.path('key.pub')],
    ['commit.gpgsign', 'true'],
  ] as const)
    await box.git('ds', 'config', name, value)
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'echo 1 >out'])
  await finish(box)
  expect(await box.git('ds', 'cat-file', 'commit', 'HEAD')).toContain('gpgsig -----BEGIN SSH SIGNATURE-----')
  expect((await recordOf(box)).title).toContain('Completed')
})
