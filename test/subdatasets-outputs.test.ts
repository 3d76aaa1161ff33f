import { lstatSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  scheduleToEnd,
  schedule,
  status,
  tell,
} from './support/scenario.ts'
import { localEnded } from './support/after-kill.ts'
import { addSubdataset, pointerAndHead, sandboxWithSubdatasets } from './support/subdatasets.ts'

test('outputs in nested subdatasets are recorded where they lie, and every pointer above is moved', async () => {
  await using box = await sandboxWithSubdatasets()
  const line = 'mkdir sub/out; echo 1 >sub/out/a; printf "\\000\\001" >sub/deep/b.bin; echo 2 >top'
  const outputs = ['-o', 'sub/out', '-o', 'sub/deep/b.bin', '-o', 'top']
  const { id } = await scheduleToEnd(box, [...outputs, 'sbatch', 'job.sh', line])
  const told = await finish(box)
  const saved = told.results.filter(({ action, status: how }) => action === 'save' && how === 'ok')
  expect(saved.map(({ path }) => path)).toEqual(['sub/deep', 'sub', '.'])
  expect(await changesOf(box, 'HEAD', 'ds/sub/deep')).toEqual(['A b.bin'])
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['A out/a', 'M deep'])
  expect(await changesOf(box)).toEqual([`A slurm-${id}.out`, `A slurm-job-${id}.env.json`, 'A top', 'M sub'])
  const record = await recordOf(box)
  for (const at of ['ds/sub', 'ds/sub/deep']) expect(await recordOf(box, 'HEAD', at)).toEqual(record)
  expect(record.record.outputs.slice(0, 3)).toEqual(['sub/out', 'sub/deep/b.bin', 'top'])
  for (const [above, path] of [
    ['ds', 'sub'],
    ['ds/sub', 'deep'],
  ] as const) {
    const [pointer, head] = await pointerAndHead(box, above, path)
    expect(pointer).toBe(head)
  }
  for (const at of ['ds', 'ds/sub', 'ds/sub/deep']) expect(await status(box, at), at).toBe('')
  expect(lstatSync(box.path('ds/sub/deep/b.bin')).isSymbolicLink()).toBe(true)
  expect(await box.git('ds/sub', 'symbolic-ref', 'HEAD')).toBe('refs/heads/main')
})

test('each of several jobs points to its own commit in the subdataset', async () => {
  await using box = await sandboxWithSubdatasets()
  for (const n of [1, 2, 3])
    await scheduleToEnd(box, [
      '-o',
      `sub/o${n}`,
      'sbatch',
      '-o',
      '/dev/null',
      'job.sh',
      `echo ${n} >sub/o${n}`,
    ])
  await finish(box)
  const commits = (await box.git('ds/sub', 'rev-list', '-3', 'HEAD')).split('\n')
  for (const [i, commit] of commits.entries()) {
    expect(await box.git('ds', 'rev-parse', `HEAD~${i}:sub`)).toBe(commit)
    const [above, within] = [await recordOf(box, `HEAD~${i}`), await recordOf(box, commit, 'ds/sub')]
    expect(within.message).toBe(above.message)
  }
  expect(await status(box)).toBe('')
})

test('annexed outputs in a subdataset can be written, and come back when the job leaves them alone', async () => {
  await using box = await sandboxWithDataset({}, { annex: 'none' })
  await addSubdataset(box, 'ds', 'sub')
  const binary = Buffer.from([0, 1, 255])
  await addFiles(box, 'ds/sub', { 'out/a.bin': binary, 'out/b.bin': binary, 'out/c.bin': binary })
  await box.git('ds', 'commit', '-q', '-m', 'Point to sub', '--', 'sub')
  const line = 'echo more >>sub/out/a.bin; rm sub/out/c.bin'
  await scheduleToEnd(box, ['-o', 'sub/out', 'sbatch', 'job.sh', line])
  await finish(box)
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['D out/c.bin', 'M out/a.bin'])
  expect(lstatSync(box.path('ds/sub/out/b.bin')).isSymbolicLink()).toBe(true)
  expect([await status(box), await status(box, 'ds/sub')]).toEqual(['', ''])
  // Fresh ones are removed first, and come back when the job is given up.
  const { job } = await schedule(box, ['--fresh-outputs', '-o', 'sub/out', 'sh', '-c', 'true'])
  expect(box.exists('ds/sub/out/b.bin')).toBe(false)
  await box.waybill(['logs', '-f', job], { cwd: 'ds' })
  expect((await tell(box, ['close', job])).code).toBe(0)
  expect([await status(box), await status(box, 'ds/sub')]).toEqual(['', ''])
})

test('a detached HEAD, changes of the user and plain git in a subdataset stay as they are', async () => {
  await using box = await sandboxWithDataset()
  await addSubdataset(box, 'ds', 'a b/ü', { annex: 'none' })
  await addFiles(box, 'ds/a b/ü', { 'mine.txt': 'old\n', 'staged.txt': 'old\n' })
  await box.git('ds', 'commit', '-q', '-m', 'Point to it', '--', 'a b/ü')
  await box.git('ds/a b/ü', 'checkout', '-q', '--detach')
  box.write('ds/a b/ü/mine.txt', 'new\n')
  box.write('ds/a b/ü/staged.txt', 'new\n')
  await box.git('ds/a b/ü', 'add', 'staged.txt')
  const before = await status(box, 'ds/a b/ü')
  await scheduleToEnd(box, ['-o', 'a b/ü/out', 'sbatch', 'job.sh', 'printf "\\000\\001" >"a b/ü/out"'])
  await finish(box)
  expect(await changesOf(box, 'HEAD', 'ds/a b/ü')).toEqual(['A out'])
  expect(lstatSync(box.path('ds/a b/ü/out')).isFile()).toBe(true)
  expect(await status(box, 'ds/a b/ü')).toBe(before)
  const [pointer, head] = await pointerAndHead(box, 'ds', 'a b/ü')
  expect(pointer).toBe(head)
  expect(
    await box.run(['git', 'symbolic-ref', '-q', 'HEAD'], { cwd: 'ds/a b/ü', allowFailure: true }),
  ).toMatchObject({ code: 1 })
})

test('what a pattern names in subdatasets is recorded when it is gone, too', async () => {
  await using box = await sandboxWithSubdatasets()
  await addFiles(box, 'ds/sub', { 'a.txt': 'a\n', 'b.csv': 'b\n', 'in/c.txt': 'c\n' })
  await box.git('ds', 'commit', '-qam', 'more')
  const outputs = ['-o', 'sub/*.txt', '-o', '*/in/*.txt', '-o', 'sub/**/*.csv']
  const line = 'rm sub/a.txt sub/b.csv sub/in/c.txt'
  const { job } = await schedule(box, ['--reserve-all', ...outputs, 'sh', '-c', line])
  await localEnded(box, job)
  await finish(box)
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['D a.txt', 'D b.csv', 'D in/c.txt'])
  expect(await status(box)).toBe('')
})

test('a job of this machine that changed nothing in a subdataset leaves no commit anywhere', async () => {
  await using box = await sandboxWithSubdatasets()
  const heads = async (): Promise<readonly string[]> =>
    Promise.all(['ds', 'ds/sub'].map(async (at) => box.git(at, 'rev-parse', 'HEAD')))
  const before = await heads()
  const { job } = await schedule(box, ['-o', 'sub/first.txt', 'sh', '-c', 'true'])
  await box.waybill(['logs', '-f', job], { cwd: 'ds' })
  await finish(box)
  expect(await heads()).toEqual(before)
  expect(await openJobs(box)).toEqual([])
})

test('a subdataset that takes no commit keeps the job open, says why, and takes it later', async () => {
  await using box = await sandboxWithSubdatasets()
  await scheduleToEnd(box, [
    '-o',
    'sub/deep/x',
    '-o',
    'top',
    'sbatch',
    'job.sh',
    'echo 1 | tee sub/deep/x >top',
  ])
  await scheduleToEnd(box, ['-o', 'other', 'sbatch', 'job.sh', 'echo 1 >other'])
  const head = await box.git('ds/sub', 'rev-parse', 'HEAD')
  const gitDir = await box.git('ds/sub', 'rev-parse', '--absolute-git-dir')
  box.write(`${gitDir}/MERGE_HEAD`, `${head}\n`)
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('what the job left in the subdataset sub cannot be committed there')
  expect(told.words).toContain('a merge is in progress')
  expect(await openJobs(box)).toEqual(['w1'])
  expect(await changesOf(box)).toContain('A other')
  expect(await box.git('ds/sub/deep', 'log', '-1', '--format=%s')).toBe('Add files')
  await box.run(['rm', `${gitDir}/MERGE_HEAD`])
  await finish(box)
  expect(await changesOf(box, 'HEAD', 'ds/sub/deep')).toEqual(['A x'])
  expect(await changesOf(box)).toEqual(expect.arrayContaining(['A top', 'M sub']))
  expect(await status(box)).toBe('')
})

test('the whole dataset as an output takes what is new and gone in subdatasets, and no other repository', async () => {
  await using box = await sandboxWithSubdatasets()
  await box.git('.', 'init', '-q', 'ds/sub/foreign')
  box.write('ds/sub/foreign/theirs', 'theirs\n')
  const line = 'rm sub/first.txt sub/deep/first.txt; echo 1 >sub/x'
  await scheduleToEnd(box, ['-o', '.', 'sbatch', 'job.sh', line])
  const { results } = await tell(box, ['finish'])
  const foreign = results.filter(({ path }) => path.includes('foreign'))
  expect(foreign).toMatchObject([{ action: 'add', status: 'impossible', path: 'sub/foreign' }])
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['A x', 'D first.txt', 'M deep'])
  expect(await changesOf(box, 'HEAD', 'ds/sub/deep')).toEqual(['D first.txt'])
  expect(await status(box)).toBe(' M sub')
  expect(await status(box, 'ds/sub')).toBe('?? foreign/')
})

test('waybill run without outputs takes what changed in subdatasets, and what the command committed there itself', async () => {
  await using box = await sandboxWithSubdatasets()
  const run = async (line: string): Promise<number> => (await tell(box, ['run', 'sh', '-c', line])).code
  expect(await run('echo 1 >sub/deep/x; rm sub/first.txt')).toBe(0)
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['D first.txt', 'M deep'])
  expect(await status(box)).toBe('')
  expect(await run('cd sub && echo 1 >own && git add own && git commit -q -m own')).toBe(0)
  expect(await box.git('ds/sub', 'log', '-1', '--format=%s')).toBe('own')
  expect(await changesOf(box)).toEqual(['M sub'])
  expect((await recordOf(box)).record.cmd).toContain('commit -q -m own')
  expect(await status(box)).toBe('')
})

test.each(['--branches', '--octopus'])(
  'with %s each job points to its own commit, one upon the other below',
  async (how) => {
    await using box = await sandboxWithSubdatasets()
    const ids: number[] = []
    for (const n of [1, 2]) {
      const words = ['-o', `sub/o${n}`, 'sbatch', '-o', '/dev/null', 'job.sh', `echo ${n} >sub/o${n}`]
      ids.push((await scheduleToEnd(box, words)).id)
    }
    await finish(box, [how])
    const [second, first] = (await box.git('ds/sub', 'rev-list', '-2', 'HEAD')).split('\n')
    const tips =
      how === '--octopus'
        ? ['HEAD^2', 'HEAD^3']
        : (await box.git('ds', 'for-each-ref', '--format=%(refname)', 'refs/heads'))
            .split('\n')
            .filter((ref) => ids.some((id) => ref.includes(String(id))))
    expect(await Promise.all(tips.map(async (tip) => box.git('ds', 'rev-parse', `${tip}:sub`)))).toEqual([
      first,
      second,
    ])
    if (how === '--octopus') {
      expect(await box.git('ds', 'rev-parse', 'HEAD:sub')).toBe(second)
      expect(await status(box)).toBe('')
    }
  },
)
