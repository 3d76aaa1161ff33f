import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded, jobIs } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { finish, openJobs, sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'
import { accountOf } from './support/users.ts'
import { watch } from './support/watcher.ts'

// Watchers look every two seconds at most; some of their rounds have to pass.
vi.setConfig({ testTimeout: 120_000 })

const held = (output: string): readonly string[] => ['-o', output, 'sbatch', '--hold', 'job.sh', 'true']

/** Where the sandbox's user has their looks. */
function folderOf(box: Sandbox): string {
  return join(box.environment()['TMPDIR'] ?? '', `waybill-${accountOf('user').uid}`)
}

/** The questions about jobs that the controller has had so far, by its own count. */
async function questions(box: Sandbox): Promise<number> {
  const { stdout } = await box.run(['sdiag'])
  const counts = [...stdout.matchAll(/REQUEST_JOB_(?:USER_)?INFO \D*\d+\) count:(\d+)/g)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** A PATH with a stand-in for squeue first: what no quiet cluster shows. Each call is noted in `asked` with its time. */
function standIn(box: Sandbox, body: string): { readonly PATH: string } {
  const note = `date +%s.%N >>'${box.path('asked')}'`
  box.write('stand-in/squeue', `#!/bin/sh\n${note}\n${body}\n`, 0o755)
  return { PATH: `${box.path('stand-in')}:${box.environment()['PATH'] ?? ''}` }
}

function askedAt(box: Sandbox): readonly number[] {
  return box.exists('asked') ? box.read('asked').trim().split('\n').map(Number) : []
}

const busyWords = 'slurm_load_jobs error: Socket timed out on send/recv operation'

test('ten who watch cost the controller what one costs, write nothing, and end at once', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id } = await schedule(box, held('a'))
  await tell(box, ['jobs'])
  const before = await questions(box)
  const since = performance.now()
  const watchers = Array.from({ length: 10 }, () => watch(box, ['jobs', '--watch']))
  await vi.waitUntil(() => watchers.every(({ printed }) => printed().includes(String(id))), 60_000)
  const ledger = (): readonly number[] =>
    ['ledger.db', 'ledger.db-wal'].map((name) => statSync(box.path(`ds/.git/waybill/${name}`)).mtimeMs)
  const written = ledger()
  const started = await questions(box)
  await vi.waitUntil(async () => (await questions(box)) >= started + 3, { timeout: 60_000, interval: 100 })
  const asked = (await questions(box)) - before
  // Whoever watches alone looks every two seconds at most, and so do all ten together.
  expect(asked).toBeLessThanOrEqual(1 + (performance.now() - since) / 2000)
  expect(ledger()).toEqual(written)
  expect(watchers.map(({ printed }) => printed().split('JOB').length)).toEqual(watchers.map(() => 2))
  for (const { signal } of watchers) signal('SIGINT')
  expect(await Promise.all(watchers.map(async ({ ended }) => ended))).toEqual(watchers.map(() => 130))
  await box.run(['scancel', String(id)])
})

test('a watcher that is killed while it asks holds nobody up', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, held('a'))
  const gate = makeGate(box)
  const env = standIn(
    box,
    `mkdir '${box.path('once')}' 2>/dev/null && ${gate.line}\nexec /usr/bin/squeue "$@"`,
  )
  const watcher = watch(box, ['jobs', '--watch'], env)
  await gate.reached()
  expect(readdirSync(folderOf(box)).filter((name) => name.endsWith('.lock'))).toHaveLength(1)
  const waiting = tell(box, ['jobs'], { env, limitMs: 25_000 })
  watcher.signal('SIGKILL')
  await watcher.ended
  expect((await waiting).results).toMatchObject([{ state: 'pending' }])
  expect(askedAt(box)).toHaveLength(2)
  await gate.open()
  await box.run(['scancel', String(id)])
})

test('a busy Slurm is not asked again before its time, and the words say when that will be', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a'])
  const env = standIn(box, `echo '${busyWords}' >&2; exit 1`)
  while (askedAt(box).length < 3) {
    const [job] = (await tell(box, ['jobs'], { env })).results as unknown as { readonly reason: string }[]
    expect(job?.reason).toMatch(
      /Socket timed out on send\/recv operation; Slurm is busy, and is not asked again before \d\d:\d\d:\d\d$/,
    )
  }
  const [first = 0, second = 0, third = 0] = askedAt(box)
  expect(second - first).toBeGreaterThanOrEqual(2)
  expect(third - second).toBeGreaterThanOrEqual(4)
  // Who acts on what is seen waits for it, and then asks.
  const told = await tell(box, ['finish'], { env })
  expect(told.words).toContain(`job ${id} could not be asked about`)
  expect(told.words).toMatch(/is not asked again before \d\d:\d\d:\d\d/)
  expect((askedAt(box)[3] ?? 0) - third).toBeGreaterThanOrEqual(8)
  await finish(box)
})

test('a folder that is open to others, or another’s, is not used', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await schedule(box, held('a'))
  const run = box.path('run')
  await box.run(['mkdir', run])
  const inTmp = folderOf(box)
  mkdirSync(inTmp)
  for (const [mode, owner] of [
    ['0700', accountOf('peer')],
    ['0750', accountOf('user')],
  ] as const) {
    await box.run(['chown', '-R', `${owner.uid}`, run, inTmp], { as: 'root' })
    await box.run(['chmod', '-R', mode, run, inTmp], { as: 'root' })
    const { results } = await tell(box, ['jobs'], { env: { XDG_RUNTIME_DIR: run } })
    expect(results).toMatchObject([{ state: 'pending' }])
    expect([readdirSync(run), readdirSync(inTmp)]).toEqual([[], []])
  }
  await box.run(['chmod', '0700', run])
  await tell(box, ['jobs'], { env: { XDG_RUNTIME_DIR: run } })
  expect(readdirSync(run)).toEqual(['waybill'])
  const [file = ''] = readdirSync(join(run, 'waybill'))
  const stat = statSync(join(run, 'waybill', file))
  expect([stat.mode & 0o777, stat.uid]).toEqual([0o600, accountOf('user').uid])
  await box.run(['scancel', String(id)])
})

test('a job that was submitted after the last look is not called unknown while Slurm may not be asked', async () => {
  await using box = await sandboxWithDataset()
  const first = await schedule(box, held('a'))
  await tell(box, ['jobs'])
  // As if it had been busy all the time: now it has its rest, for a minute.
  const name = readdirSync(folderOf(box)).find((one) => one.endsWith('.told')) ?? ''
  const file = join(folderOf(box), name)
  const [head = '', ...printed] = readFileSync(file, 'utf8').split('\n')
  const told = JSON.parse(head) as Readonly<Record<string, unknown>>
  const busy = JSON.stringify({ ...told, asked: Date.now() / 1000, busy: 6 })
  writeFileSync(file, [busy, ...printed].join('\n'))
  const second = await schedule(box, held('b'))
  const { results } = await tell(box, ['jobs'])
  expect(results).toMatchObject([
    { job: first.job, state: 'pending', reason: 'JobHeldUser' },
    { job: second.job, state: 'submitted', reason: expect.stringContaining('not asked again') },
  ])
  await box.run(['scancel', String(first.id), String(second.id)])
})

test('finish sees the end of a job that somebody looked at a moment before', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const { id } = await schedule(box, ['-o', 'a', 'sbatch', 'job.sh', `${gate.line}; echo 1 >a`])
  await jobIs(box, id, 'RUNNING')
  const { results } = await tell(box, ['jobs'])
  expect(results).toMatchObject([{ state: 'running' }])
  await gate.open()
  await jobEnded(box, id)
  await finish(box)
  expect(await openJobs(box)).toEqual([])
})
