import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
  type Told,
} from './support/scenario.ts'

const quiet = ['sbatch', '-o', '/dev/null', 'job.sh'] as const

function about(told: Told, path: string): string {
  const result = told.results.find((one) => one.path === path)
  return result === undefined ? 'nothing' : `${result.status}: ${result.message ?? ''}`
}

/** What the last record did below `out`. */
async function below(box: Parameters<typeof changesOf>[0], folder = 'out'): Promise<readonly string[]> {
  return (await changesOf(box)).filter((change) => change.slice(2).startsWith(folder))
}

test('names with spaces, unicode, newlines, quotes and a leading dash are recorded as they are', async () => {
  await using box = await sandboxWithDataset()
  const names = [
    'a b',
    'ünï-日本',
    'line\nbreak',
    '-dash',
    'quo"te\'s',
    'back\\slash',
    '*?[x]',
    ' lead',
    'tab\there',
    '{brace}',
  ]
  box.write(
    'ds/make.sh',
    `#!/bin/sh\nmkdir -p out\ncd out\n${names.map((name) => `echo 1 >'./${name.replaceAll("'", "'\\''")}'\nprintf '\\000\\001' >'./bin ${name.replaceAll("'", "'\\''")}'\n`).join('')}`,
  )
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'make.sh'])
  await finish(box)
  expect(await below(box)).toEqual(
    [...names.map((name) => `A out/${name}`), ...names.map((name) => `A out/bin ${name}`)].toSorted(),
  )
  expect(await status(box)).toBe('?? make.sh')
})

test('outputs may themselves have odd names, given one by one', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/make.sh', "#!/bin/sh\necho 1 >./-dash; echo 1 >'a b'; echo 1 >'two\nlines'; echo 1 >ü\n")
  const outputs = ['./-dash', 'a b', 'two\nlines', 'ü'].flatMap((name) => ['-o', name])
  await scheduleToEnd(box, [...outputs, 'sbatch', '-o', '/dev/null', 'make.sh'])
  await finish(box)
  const made = (await changesOf(box)).map((change) => change.slice(2))
  expect(made).toEqual(expect.arrayContaining(['-dash', 'a b', 'two\nlines', 'ü']))
})

test('a name that is not UTF-8 is named in the result, and the rest is recorded', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'out',
    ...quiet,
    'mkdir out; echo 1 >out/good; echo 1 >"out/$(printf \'b\\377d\')"',
  ])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('not valid UTF-8')
  expect(await below(box)).toEqual(['A out/good'])
  expect(await openJobs(box)).toEqual([])
})

test('sockets, FIFOs and empty directories are named, links recorded also when broken, and 0 bytes too', async () => {
  await using box = await sandboxWithDataset()
  box.write(
    'ds/make.sh',
    `#!/bin/sh
mkdir -p out/empty && cd out
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
mkfifo pipe
ln -s nowhere broken
ln -s . loop
: >zero
`,
  )
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'make.sh'])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(about(told, 'out/sock')).toBe('impossible: a socket cannot be recorded')
  expect(about(told, 'out/pipe')).toBe('impossible: a fifo cannot be recorded')
  expect(about(told, 'out/empty')).toBe('notneeded: an empty directory cannot stand in git')
  expect(await below(box)).toEqual(['A out/broken', 'A out/loop', 'A out/zero'])
  expect(await openJobs(box)).toEqual([])
})

test('what .gitignore hides is named and stays; a hidden log is no trouble', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { '.gitignore': '*.tmp\n/slurm-*.out\n' })
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'mkdir out; echo 1 >out/x.tmp; echo 1 >out/y'])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(about(told, 'out/x.tmp')).toContain('impossible: hidden by .gitignore')
  expect(told.results.filter(({ status: how }) => how === 'impossible')).toHaveLength(1)
  expect(await below(box)).toEqual(['A out/y'])
  expect(box.exists('ds/out/x.tmp')).toBe(true)
  expect(await status(box)).toBe('')
})

test('a repository that the job made below an output is named, and its files are left alone', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'out',
    ...quiet,
    'mkdir out; git init -q out/nested; echo 1 >out/nested/x; echo 1 >out/y',
  ])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(about(told, 'out/nested')).toContain('a repository of its own')
  expect(await below(box)).toEqual(['A out/y'])
})

test('tracked files that the job deleted are recorded as deleted, annexed ones too', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'out/text': 'old\n',
    'out/data.bin': Buffer.from([0, 255, 1]),
    'out/deep/x': 'x\n',
    'out/swap': 'a file\n',
    'beside/x': 'x\n',
  })
  await scheduleToEnd(box, [
    '-o',
    'out',
    ...quiet,
    'rm -rf out/text out/data.bin out/deep out/swap beside/x; mkdir out/swap; echo 1 >out/swap/in',
  ])
  const told = await finish(box)
  expect(await below(box)).toEqual([
    'A out/swap/in',
    'D out/data.bin',
    'D out/deep/x',
    'D out/swap',
    'D out/text',
  ])
  expect(told.results.filter(({ action }) => action === 'delete')).toHaveLength(3)
  // Not an output: not this record's business.
  expect(await status(box)).toBe(' D beside/x')
})

test('an output that became a folder, and a folder that became a file', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { a: 'file\n', 'b/x': 'x\n', 'b/y.bin': Buffer.from([0, 1, 255]) })
  await scheduleToEnd(box, ['-o', 'a', '-o', 'b', ...quiet, 'rm -rf a b; mkdir a; echo 1 >a/in; echo 1 >b'])
  await finish(box)
  const changes = await changesOf(box)
  expect(changes).toEqual(expect.arrayContaining(['D a', 'A a/in', 'A b', 'D b/x', 'D b/y.bin']))
  expect(await status(box)).toBe('')
})

test('an output that the job did not make is named, and the record is made', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'none', '-o', 'some/run-*/', '-o', 'out', ...quiet, 'echo 1 >out'])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(about(told, 'none')).toBe('impossible: output none was declared, but the job made no such file')
  expect(about(told, 'some/run-*')).toContain('the job made no such file')
  expect(await below(box)).toEqual(['A out'])
  expect(await openJobs(box)).toEqual([])
})

test('outputs with wildcards take what matches and nothing else', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'res/run-*/',
    '-o',
    'res/*.csv',
    ...quiet,
    'mkdir -p res/run-1 res/run-2/deep res/other; for f in run-1/a run-2/deep/b other/c x.csv y.txt; do echo 1 >res/$f; done',
  ])
  await finish(box)
  expect(await below(box, 'res')).toEqual(['A res/run-1/a', 'A res/run-2/deep/b', 'A res/x.csv'])
  expect(await status(box)).toBe('?? res/other/\n?? res/y.txt')
})

test('executable files stay executable; a job with an unreadable output stays open until it can be read', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, [
    '-o',
    'out',
    ...quiet,
    'mkdir out; echo "#!/bin/sh" >out/run; chmod 755 out/run; echo 1 >out/shut; chmod 0 out/shut',
  ])
  const told = await tell(box, ['finish'])
  expect(about(told, 'out/shut')).toContain('impossible: permission denied: it may not be read')
  expect(await box.git('ds', 'ls-tree', 'HEAD', 'out')).toBe('')
  chmodSync(box.path('ds/out/shut'), 0o644)
  await finish(box)
  expect(await box.git('ds', 'ls-tree', 'HEAD', 'out/run')).toMatch(/^100755 /)
  expect(await below(box, 'out')).toContain('A out/shut')
})

test('a file of many megabytes goes to the annex, and its content is checked', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'big', ...quiet, 'head -c 200000000 /dev/urandom >big'])
  await finish(box)
  expect(await box.git('ds', 'annex', 'find', '--format=${file} ${bytesize}')).toBe('big 200000000')
  expect((await box.run(['git', 'annex', 'fsck', '-q', 'big'], { cwd: 'ds' })).code).toBe(0)
})
