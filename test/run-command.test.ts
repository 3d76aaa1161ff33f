import { expect, test } from 'vitest'
import {
  addFiles,
  changesOf,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
} from './support/scenario.ts'
import { makeGate } from './support/gate.ts'

test('run shows what the command writes, byte by byte and each stream apart, and records what it made', async () => {
  await using box = await sandboxWithDataset()
  const line =
    'mkdir out; printf "one\\0two"; printf "three\\r\\n" >&2; echo 1 >out/x; printf end; printf err >&2'
  const ran = await box.waybill(['run', '-m', 'make it', '-o', 'out', 'sh', '-c', line], { cwd: 'ds' })
  expect(ran.stdout).toBe('one\0twoend')
  expect(ran.stderr).toContain('three\r\nerr')
  expect(ran.stderr).toContain('add(ok): out/x (file)\nsave(ok): . (dataset)\n')
  const { title, record } = await recordOf(box)
  expect(title).toBe('[DATALAD RUNCMD] make it')
  expect(record).toMatchObject({ exit: 0, outputs: ['out'], inputs: [], pwd: '.', cmd: `sh -c '${line}'` })
  expect(await changesOf(box)).toEqual(['A out/x'])
  expect(await status(box)).toBe('')
  expect(await openJobs(box)).toEqual([])
})

test('much output is shown whole', async () => {
  await using box = await sandboxWithDataset()
  const line = 'seq 1 300000; echo 1 >x'
  const ran = await box.waybill(['run', '-o', 'x', 'sh', '-c', line], { cwd: 'ds' })
  const expected = Array.from({ length: 300_000 }, (_, i) => `${i + 1}\n`).join('')
  expect(ran.stdout === expected, `${ran.stdout.length} of ${expected.length} bytes`).toBe(true)
})

test('output is shown while the command goes on', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const line = `echo first; ${gate.line}; echo 1 >x`
  const ran = box.run(['sh', '-c', `waybill run -o x sh -c "$1" >../shown`, 'sh', line], { cwd: 'ds' })
  await gate.reached()
  await expect.poll(() => box.read('shown'), { timeout: 20_000 }).toBe('first\n')
  await gate.open()
  await ran
})

test('a failing command: its exit code, nothing saved, files left, and the way free for the next try', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'x.bin': Buffer.alloc(2000, 1).fill(0, 0, 9) })
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await tell(box, ['run', '-o', 'x.bin', '-o', 'y', 'sh', '-c', 'echo half >y; exit 7'])
  expect(told.code).toBe(7)
  expect(told.results.at(-1)).toMatchObject({ action: 'run', status: 'error', exit: 7 })
  expect(told.words).toContain('[exit code 7]; nothing was saved, and its files are left as they are')
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  expect(box.read('ds/y')).toBe('half\n')
  expect(await status(box)).toBe('?? y')
  expect(await openJobs(box)).toEqual([])
  const again = await tell(box, ['run', '-o', 'y', 'sh', '-c', 'echo whole >y'])
  expect(again.code, again.words).toBe(0)
  expect(await changesOf(box)).toEqual(['A y'])
})

test('a failing command is recorded with its exit code when asked for', async () => {
  await using box = await sandboxWithDataset()
  const told = await tell(box, [
    'run',
    '--commit-failed-jobs',
    '-o',
    'y',
    'sh',
    '-c',
    'echo half >y; kill -9 $$',
  ])
  expect(told.code).toBe(137)
  expect(told.results.map(({ action, status: how }) => `${action}(${how})`)).toContain('save(ok)')
  expect((await recordOf(box)).record['exit']).toBe(137)
})

test('nothing changed, no commit', async () => {
  await using box = await sandboxWithDataset()
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  for (const words of [['-o', 'job.sh'], []]) {
    const told = await tell(box, ['run', ...words, 'true'])
    expect(told.code, told.words).toBe(0)
    expect(told.results.at(-1)).toMatchObject({ action: 'save', status: 'notneeded' })
    expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  }
})

test('without -o all that changed is recorded: new, changed, removed; what .gitignore hides is not', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    '.gitignore': '*.tmp\n',
    'old.txt': 'old\n',
    'gone [1].txt': 'gone\n',
    'big.bin': Buffer.alloc(2000, 1).fill(0, 0, 9),
  })
  const line =
    'echo new >old.txt; rm "gone [1].txt" big.bin; mkdir -p "a b"; echo 1 >"a b/-x"; echo no >y.tmp; head -c 3000 /dev/zero >c.bin'
  const told = await tell(box, ['run', 'sh', '-c', line])
  expect(told.code, told.words).toBe(0)
  expect(await changesOf(box)).toEqual(['A a b/-x', 'A c.bin', 'D big.bin', 'D gone [1].txt', 'M old.txt'])
  expect((await recordOf(box)).record).toMatchObject({ outputs: [], inputs: [], pwd: '.' })
  expect(await box.git('ds', 'ls-tree', 'HEAD', 'c.bin')).toMatch(/^120000/)
  expect(await status(box)).toBe('')
})

test('without -o unsaved changes are refused with the way on, and nothing runs', async () => {
  await using box = await sandboxWithDataset()
  for (const change of ['untracked', 'changed', 'staged'] as const) {
    if (change === 'untracked') box.write('ds/loose', '1\n')
    else box.write('ds/job.sh', `#!/bin/sh\n: ${change}\n`)
    if (change === 'staged') await box.git('ds', 'add', 'job.sh')
    const told = await tell(box, ['run', 'sh', '-c', 'echo 1 >ran'])
    expect(told.code).toBe(1)
    expect(told.words).toContain('unsaved modifications present, cannot detect changes by command')
    expect(told.words).toContain('name the outputs with -o')
    expect(box.exists('ds/ran')).toBe(false)
    await box.run(['rm', '-f', 'loose'], { cwd: 'ds' })
  }
  expect(await openJobs(box)).toEqual([])
  const declared = await tell(box, ['run', '-o', 'ran', 'sh', '-c', 'echo 1 >ran'])
  expect(declared.code, declared.words).toBe(0)
  expect(await status(box)).toBe('M  job.sh')
})

test('without -o every open job stands in the way, and it in theirs', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await schedule(box, ['-o', 'x', 'sh', '-c', `${gate.line}; echo 1 >x`])
  await gate.reached()
  const told = await tell(box, ['run', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('of job w1, which is open')
  await gate.open()
})

test('--explicit needs outputs; an unknown command fails with 127; wrong usage with 2', async () => {
  await using box = await sandboxWithDataset()
  expect((await tell(box, ['run', '--explicit', 'true'])).words).toContain(
    'at least one output must be named',
  )
  const missing = await box.waybill(['run', '-o', 'x', 'no-such-command-here', 'x'], {
    cwd: 'ds',
    allowFailure: true,
  })
  expect(missing.code).toBe(127)
  expect(missing.stderr).toContain('no-such-command-here')
  expect((await tell(box, ['run'])).code).toBe(2)
})

test('from a subdirectory: paths are relative to it, in the record too; placeholders are filled', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'sub dir/in.txt': 'in\n', 'top.txt': 'top\n' })
  const words = ['run', '-i', 'in.txt', '-i', '../top.txt', '-o', 'out.txt', 'cat {inputs} > {outputs}']
  const told = await tell(box, words, { cwd: 'ds/sub dir' })
  expect(told.code, told.words).toBe(0)
  expect(box.read('ds/sub dir/out.txt')).toBe('in\ntop\n')
  expect((await recordOf(box)).record).toMatchObject({
    pwd: 'sub dir',
    inputs: ['in.txt', '../top.txt'],
    outputs: ['out.txt'],
    cmd: 'cat {inputs} > {outputs}',
  })
})

test('an array of tasks runs in the foreground too', async () => {
  await using box = await sandboxWithDataset()
  const line = 'echo task $WAYBILL_ARRAY_TASK_ID; echo 1 >o$WAYBILL_ARRAY_TASK_ID'
  const ran = await box.waybill(['run', '-o', 'o*', '--reserve-all', '--array', '1-3', 'sh', '-c', line], {
    cwd: 'ds',
  })
  expect(ran.stdout.split('\n').toSorted()).toEqual(['', 'task 1', 'task 2', 'task 3'])
  expect(await changesOf(box)).toEqual(['A o1', 'A o2', 'A o3'])
})

test('--dry-run runs nothing', async () => {
  await using box = await sandboxWithDataset()
  const ran = await box.waybill(['run', '--dry-run', 'basic', '-o', 'x', 'sh', '-c', 'echo 1 >x'], {
    cwd: 'ds',
  })
  expect(ran.stdout).toContain('reserves: x\n')
  expect(box.exists('ds/x')).toBe(false)
})
