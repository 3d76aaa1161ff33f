import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { assetsHead, assetsMade, manyRunsSince, project, sites } from './support/assets.ts'
import { makeGate } from './support/gate.ts'
import type { Ran } from './support/programs.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, tell } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

/** A run as `waybill runs --json` lists it. */
interface Listed {
  readonly run: string
  readonly state: string
  readonly pieces: number
  readonly made: number
  readonly failed: number
  readonly running: number
  readonly notRun: number
}

async function runs(box: Sandbox): Promise<readonly Listed[]> {
  return (await tell(box, ['runs'])).results as unknown as readonly Listed[]
}

/** Starts `waybill materialize` so that it can be killed: its process id comes to stand in `pid`. */
function begin(box: Sandbox, ...words: readonly string[]): { readonly ended: Promise<Ran> } {
  const shell = 'echo $$ >../pid; exec waybill materialize "$@"'
  return { ended: box.run(['sh', '-c', shell, 'sh', ...words], { cwd: 'ds', allowFailure: true }) }
}

async function kill(box: Sandbox, signal: string): Promise<void> {
  await box.run(['kill', `-${signal}`, box.read('pid').trim()])
}

/** Starts a second `waybill materialize`, which writes to `watched`, and at its end its exit code to `code`. */
function startWatching(
  box: Sandbox,
  ...words: readonly string[]
): {
  readonly watches: () => Promise<void>
  readonly ended: Promise<Ran>
} {
  const shell = 'waybill materialize --json "$@" >../watched 2>&1; echo $? >../code'
  const ended = box.run(['sh', '-c', shell, 'sh', ...words], { cwd: 'ds', env: { WAYBILL_FACTS_WAIT: '0' } })
  const watches = async (): Promise<void> => {
    const end = performance.now() + 60_000
    while (!existsSync(box.path('watched')) || !box.read('watched').includes('this one watches')) {
      if (performance.now() > end) throw new Error('nobody watches')
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
  return { watches, ended }
}

/** Words that go before a command so that it runs as on another host of the same file system. */
const elsewhere = 'bwrap --unshare-user --unshare-uts --hostname elsewhere --dev-bind / / --'.split(' ')

/** Stops a run that was begun, at a moment when it has not locked the ledger, and lets the time of its leases run out. */
async function fallAsleep(box: Sandbox): Promise<void> {
  for (;;) {
    await kill(box, 'STOP')
    try {
      await askLedger(box, 'UPDATE leases SET expires = 0')
      return
    } catch (error) {
      if (!String(error).includes('database is locked')) throw error
      await kill(box, 'CONT')
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
}

/** A chain of `slow`, which waits at the gate, and `after`; `quick` stands apart. */
async function chain(): Promise<{ readonly box: Sandbox; readonly gate: ReturnType<typeof makeGate> }> {
  const box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  quick: { outputs: [quick.txt], run: echo 1 >>../quicks; echo 1 >quick.txt }
  slow: { needs: [quick], outputs: [slow.txt], run: bash slow.sh }
  after: { needs: [slow], outputs: [after.txt], run: cp slow.txt after.txt }
`,
    'slow.sh': `${gate.line}\necho done >slow.txt\n`,
  })
  return { box, gate }
}

test('a run is listed with what became of its pieces, and one with nothing to do is none', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  good: { outputs: [good.txt], run: echo 1 >good.txt }
  bad: { outputs: [bad.txt], run: "[ -e ../mended ] && echo 1 >bad.txt" }
  next: { needs: [bad], outputs: [next.txt], run: cp bad.txt next.txt }
`,
  })
  expect(await runs(box)).toEqual([])
  const failed = await tell(box, ['materialize', '--keep-going'])
  expect(failed.code).toBe(1)
  expect(await runs(box)).toMatchObject([
    { run: 'r1', state: 'failed', pieces: 3, made: 1, failed: 1, running: 0, notRun: 1 },
  ])
  box.write('mended', '')
  // A run that is over begins anew with what is not fresh.
  const again = await tell(box, ['attach', 'r1'])
  expect(again.code, again.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['good', 'bad', 'next'])
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'done', made: 3, failed: 0, notRun: 0 }])
  expect((await tell(box, ['materialize'])).results).toEqual([])
  expect(await runs(box)).toHaveLength(1)
  const { stdout } = await box.waybill(['runs'], { cwd: 'ds' })
  expect(stdout).toMatch(/^RUN +STATE .*\nr1 +done +3 of 3 /)
  const unknown = await tell(box, ['attach', 'r9'])
  expect(unknown.code).toBe(1)
  expect(unknown.words).toContain('there is no run r9')
})

test('a run that is over stays so when what it was asked for is no longer defined', async () => {
  await using box = await project(`${assetsHead}\n  one: { outputs: [one.txt], run: exit 1 }\n`)
  expect((await tell(box, ['materialize', 'one'])).code).toBe(1)
  const before = await runs(box)
  await addFiles(box, 'ds', { 'waybill.yaml': `${assetsHead}\n  two: { outputs: [one.txt], run: exit 1 }\n` })
  const told = await tell(box, ['attach', 'r1'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('one')
  expect(await runs(box)).toEqual(before)
})

test.each(sites)('killed, a run is interrupted, and attach goes on with it (%s)', async (site) => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box, '--site', site, '--force')
  await gate.reached()
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'running', pieces: 3, made: 1, running: 1 }])
  await kill(box, 'KILL')
  await ended
  expect(await runs(box)).toMatchObject([
    { run: 'r1', state: 'interrupted', pieces: 3, made: 1, running: 1, notRun: 1 },
  ])
  expect((await box.waybill(['runs'], { cwd: 'ds' })).stdout).toContain('waybill attach r1')
  const attached = tell(box, ['attach', 'r1'])
  await gate.open()
  const told = await attached
  expect(told.code, told.words).toBe(0)
  // What was forced and made is not made twice.
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  expect(box.read('quicks')).toBe('1\n')
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'done', made: 3, notRun: 0 }])
  // Nor when the run is over.
  expect((await tell(box, ['attach', 'r1'])).code).toBe(0)
  expect(box.read('quicks')).toBe('1\n')
})

test('attempts count on when a run is taken up', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  flaky: { outputs: [flaky.txt], retry: { attempts: 2 }, run: bash flaky.sh }
`,
    'flaky.sh': `echo x >>../tries\n[ $(wc -l <../tries) -lt 2 ] && exit 1\n${gate.line}\nexit 1\n`,
  })
  const { ended } = begin(box)
  await gate.reached()
  await kill(box, 'KILL')
  await ended
  const attached = tell(box, ['attach', 'r1'])
  await gate.open()
  expect((await attached).code).toBe(1)
  expect(box.read('tries')).toBe('x\nx\n')
})

test('a run that is taken up tells what had failed before, by its exit code too', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  bad: { outputs: [bad.txt], run: exit 1 }
  slow: { outputs: [slow.txt], run: bash slow.sh }
`,
    'slow.sh': `${gate.line}\necho done >slow.txt\n`,
  })
  const { ended } = begin(box, '--keep-going')
  await gate.reached()
  while ((await runs(box))[0]?.failed !== 1) await new Promise((wake) => setTimeout(wake, 100))
  await kill(box, 'KILL')
  await ended
  const attached = tell(box, ['attach', 'r1'])
  await gate.open()
  const told = await attached
  expect(told.code, told.words).toBe(1)
  expect(told.words).toContain('bad had failed before')
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'failed', made: 1, failed: 1 }])
})

test('Ctrl-C says how to go on, and the jobs do', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box)
  await gate.reached()
  await kill(box, 'INT')
  const { code, stderr } = await ended
  expect(code).toBe(130)
  expect(stderr).toContain('`waybill attach r1`')
  await gate.open()
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  // The same command went on with the same run.
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'done', made: 3 }])
})

test('--force once more makes again what was made, and not what jobs are making', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box, '--force')
  await gate.reached()
  await kill(box, 'KILL')
  await ended
  const again = tell(box, ['materialize', '--force'])
  await gate.open()
  const told = await again
  expect(told.code, told.words).toBe(0)
  expect((await assetsMade(box)).toSorted()).toEqual(['after', 'quick', 'quick', 'slow'])
  expect(await runs(box)).toMatchObject([
    { run: 'r2', state: 'done', pieces: 3, made: 3, notRun: 0 },
    { run: 'r1', state: 'interrupted' },
  ])
})

test.each([
  { ends: 'mended', code: 0, words: [] },
  { ends: 'mended', code: 0, words: ['--force'] },
  { ends: 'broken', code: 1, words: [] },
])('of two at once one drives and the other watches to the same end ($ends, $words)', async (how) => {
  const { ends, code, words } = how
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  slow: { outputs: [slow.txt], run: bash slow.sh }
  next: { needs: [slow], outputs: [next.txt], run: cp slow.txt next.txt }
`,
    'slow.sh': `${gate.line}\n[ ${ends} = mended ] && echo done >slow.txt\n`,
  })
  const first = tell(box, ['materialize', ...words])
  await gate.reached()
  const second = startWatching(box, ...words)
  await second.watches()
  await gate.open()
  const [drove] = await Promise.all([first, second.ended])
  expect([drove.code, box.read('code')]).toEqual([code, `${code}\n`])
  expect(await runs(box)).toHaveLength(1)
})

test('who watches sees what the driver says, and takes over when it dies', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box)
  await gate.reached()
  const watcher = startWatching(box)
  await watcher.watches()
  await kill(box, 'KILL')
  await ended
  await gate.open()
  await watcher.ended
  expect(box.read('code')).toBe('0\n')
  expect(box.read('watched')).toContain('"message":"quick"')
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'done', made: 3 }])
})

test('however many runs have begun since, one that was broken off goes on, and is watched', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box)
  await gate.reached()
  await kill(box, 'KILL')
  await ended
  await manyRunsSince(box, 30)
  const first = tell(box, ['materialize'])
  const old = async (): Promise<Listed | undefined> =>
    ((await tell(box, ['runs', '--most', '100'])).results as unknown as readonly Listed[]).at(-1)
  await expect.poll(old, { timeout: 40_000 }).toMatchObject({ run: 'r1', state: 'running' })
  const watcher = startWatching(box)
  await watcher.watches()
  await gate.open()
  const [drove] = await Promise.all([first, watcher.ended])
  expect([drove.code, box.read('code')]).toEqual([0, '0\n'])
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  expect(await old()).toMatchObject({ run: 'r1', state: 'done', made: 3 })
})

test('who slept for longer than its lease holds sees that another host drives, and watches it', async () => {
  await using box = await sandboxWithDataset()
  const [gate, next] = [makeGate(box), makeGate(box, 'next')]
  await addFiles(box, 'ds', {
    'waybill.yaml': `${assetsHead}
  slow: { outputs: [slow.txt], run: bash slow.sh }
  after: { needs: [slow], outputs: [after.txt], run: bash after.sh, retry: { attempts: 2 } }
`,
    'slow.sh': `${gate.line}\necho done >slow.txt\n`,
    'after.sh': `echo x >>../tries\n${next.line}\n[ $(wc -l <../tries) -eq 2 ] && cp slow.txt after.txt\n`,
  })
  const words = ['sh', '-c', 'echo $$ >../pid; exec waybill materialize --json >../first 2>&1']
  const sleeper = box.run(words, { cwd: 'ds', allowFailure: true })
  await gate.reached()
  await fallAsleep(box)
  const other = box.run([...elsewhere, 'waybill', 'attach', 'r1'], { cwd: 'ds', allowFailure: true })
  await gate.open()
  await next.reached()
  await kill(box, 'CONT')
  await expect
    .poll(() => box.read('first'), { timeout: 40_000 })
    .toContain('another process took it over while this one slept')
  await next.open()
  const [slept, drove] = await Promise.all([sleeper, other])
  expect([slept.code, drove.code], box.read('first') + drove.stdout + drove.stderr).toEqual([0, 0])
  // It was told what the other did, and nothing twice of what it had said itself.
  const told = box.read('first').split('\n')
  expect(told.filter((line) => line.includes('"message":"slow"'))).toHaveLength(1)
  expect(told.filter((line) => line.includes('"message":"after"'))).toHaveLength(2)
  expect(box.read('tries')).toBe('x\nx\n')
  expect(await assetsMade(box)).toEqual(['slow', 'after'])
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'done', made: 2 }])
})

test('what came out the same saves the rest, and the run counts what it made', async () => {
  await using box = await project(
    `${assetsHead}
  raw: { inputs: [in.txt], outputs: [raw.txt], run: wc -w <in.txt >raw.txt }
  model: { needs: [raw], outputs: [model.txt], run: cp raw.txt model.txt }
  report: { needs: [model], outputs: [report.txt], run: cp model.txt report.txt }
`,
    { 'in.txt': 'one\n' },
  )
  expect((await tell(box, ['materialize'])).code).toBe(0)
  await addFiles(box, 'ds', { 'in.txt': 'two\n' })
  const told = await tell(box, ['materialize'])
  expect(told.code, told.words).toBe(0)
  expect(told.words).toContain('run r2: 3 pieces')
  expect(await assetsMade(box)).toEqual(['raw', 'model', 'report', 'raw'])
  expect((await runs(box))[0]).toMatchObject({ run: 'r2', state: 'done', pieces: 1, made: 1, notRun: 0 })
  expect((await tell(box, ['materialize'])).results).toEqual([])
})

test('what the other run does not cover is made behind it', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const first = tell(box, ['materialize', 'quick', 'slow'])
  await gate.reached()
  const second = tell(box, ['materialize', 'after'])
  await gate.open()
  expect([(await first).code, (await second).code]).toEqual([0, 0])
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  expect(await runs(box)).toMatchObject([
    { run: 'r2', state: 'done', made: 1 },
    { run: 'r1', state: 'done', made: 2 },
  ])
})

test.each(sites)('cancel ends the jobs of a run, and its driver submits nothing more (%s)', async (site) => {
  const { box, gate } = await chain()
  await using _ = box
  const driver = tell(box, ['materialize', '--site', site])
  await gate.reached()
  const watcher = startWatching(box, '--site', site)
  await watcher.watches()
  const cancelled = await tell(box, ['cancel', 'r1'])
  expect(cancelled.code, cancelled.words).toBe(0)
  expect(cancelled.words).toContain('run r1, 1 open job: nothing more is submitted')
  const told = await driver
  expect(told.code).toBe(1)
  expect(told.words).toContain('run r1 was cancelled')
  await watcher.ended
  expect(box.read('code')).toBe('1\n')
  expect(box.read('watched').split('run r1 was cancelled')).toHaveLength(2)
  expect(await openJobs(box)).toEqual([])
  expect(await assetsMade(box)).toEqual(['quick'])
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'cancelled', made: 1, running: 0 }])
  expect((await tell(box, ['cancel', 'r1'])).results).toMatchObject([{ status: 'notneeded' }])
  await gate.open().catch(() => {})
})

test('cancel of a run that nobody drives, and then what is left is made', async () => {
  const { box, gate } = await chain()
  await using _ = box
  const { ended } = begin(box, '--site', 'cluster')
  await gate.reached()
  await kill(box, 'KILL')
  await ended
  expect((await tell(box, ['cancel', 'r1'])).code).toBe(0)
  expect(await runs(box)).toMatchObject([{ run: 'r1', state: 'cancelled', made: 1 }])
  box.write('ds/slow.sh', 'echo done >slow.txt\n')
  const told = await tell(box, ['materialize', '--keep-going'])
  expect(await assetsMade(box)).toEqual(['quick', 'slow', 'after'])
  expect(told.code, told.words).toBe(0)
})
