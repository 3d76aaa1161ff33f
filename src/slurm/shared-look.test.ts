import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { putProgram } from './test-program.ts'
import type { JobReference, Scheduler } from '../contract/scheduler.ts'
import { identify } from '../process/identity.ts'
import { slurmScheduler } from './slurm.ts'

// Several processes of one user are several schedulers here, with one folder and one clock that the test turns.
const self = identify(process.pid) ?? expect.unreachable()
let dir = ''
let time = 1000
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'shared '))
  for (const name of ['bin', 'run']) mkdirSync(join(dir, name), { mode: 0o700 })
  time = 1000
  put('scontrol', 'echo "ClusterName             = home"; echo "MinJobAge               = 300 sec"')
  put('squeue', running('1'))
  put('sacct', '')
  put('scancel', '')
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function put(name: string, body: string): void {
  putProgram(dir, name, body)
}

const running = (name: string): string =>
  `printf '${name}\\03712\\037RUNNING\\037None\\037900\\037900\\037950\\0370:50\\037ada\\037p\\037a\\037q\\0371\\0371\\037n1\\037x\\037/w\\037waybill:mine\\036\\n'`

function scheduler(env: Readonly<Record<string, string>> = {}, host = self.host): Scheduler {
  return slurmScheduler({
    env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin`, ASKED: join(dir, 'asked'), ...env },
    now: () => time,
    user: 'ada',
    deadline: 10,
    sharing: {
      folder: () => join(dir, 'run'),
      self: { ...self, host },
      sleep: async (seconds) => {
        // Short ones wait for another who asks, and the clock stands still.
        if (seconds <= 0.1) await new Promise((wake) => setTimeout(wake, seconds * 1000))
        else time += seconds
      },
    },
  })
}

function asked(program: string): number {
  return readFileSync(join(dir, 'asked'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${program} `)).length
}

function job(id: string, more: Partial<JobReference> = {}): JobReference {
  const base = { id, cluster: null, user: 'ada', submittedAt: 900, token: 'mine', folder: dir, seenAt: 950 }
  return { ...base, ...more } as JobReference
}

const show = { depth: 'states', maxAge: 20 } as const

test('what one looked at a moment ago, another shows; later it looks again', async () => {
  expect((await scheduler().look([job('1')], show)).at).toBe(1000)
  time = 1019
  const second = await scheduler().look([job('1')], show)
  expect(second).toMatchObject({ at: 1000, queue: { answered: true, rows: [{ job: '1' }] } })
  expect(asked('squeue')).toBe(1)
  time = 1021
  await scheduler().look([job('1')], show)
  expect(asked('squeue')).toBe(2)
})

test('one who acts on it looks anew', async () => {
  await scheduler().look([job('1')], show)
  time = 1001
  expect((await scheduler().look([job('1')], { depth: 'facts' })).at).toBe(1001)
  expect(asked('squeue')).toBe(2)
})

test('another cluster, another installation, other users, another host: other looks', async () => {
  const others = [
    scheduler({ SLURM_CONF: '/elsewhere' }),
    scheduler({ PATH: `${join(dir, 'other')}:/usr/bin:/bin` }),
    scheduler({}, 'login2'),
  ]
  mkdirSync(join(dir, 'other'))
  for (const name of ['squeue', 'scontrol', 'sacct'])
    writeFileSync(join(dir, 'other', name), readFileSync(join(dir, 'bin', name)), { mode: 0o755 })
  for (const one of [scheduler(), ...others]) await one.look([job('1')], show)
  await scheduler().look([job('1'), job('2', { user: 'bob' })], show)
  await scheduler().look([job('2', { user: 'bob' }), job('1')], show)
  expect(asked('squeue')).toBe(5)
})

test('files are for nobody else to read', async () => {
  await scheduler().look([job('1')], show)
  const names = readdirSync(join(dir, 'run'))
  expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{14}\.told$/)])
  expect(statSync(join(dir, 'run', names[0] ?? '')).mode & 0o777).toBe(0o600)
})

test('of a job that came after the look, it says nothing; the next look is asked for', async () => {
  await scheduler().look([job('1')], show)
  put('squeue', `${running('1')}\n${running('2')}`)
  time = 1005
  const { queue } = await scheduler().look([job('1'), job('2', { seenAt: null })], show)
  expect(queue).toMatchObject({ rows: [{ job: '1' }, { job: '2' }] })
  expect(asked('squeue')).toBe(2)
})

test('nor of one of which more is known already', async () => {
  await scheduler().look([job('1')], show)
  time = 1005
  expect((await scheduler().look([job('1', { seenAt: 1003 })], show)).at).toBe(1005)
})

test('while Slurm may not be asked, such jobs are left out, and accounting is not asked instead', async () => {
  put('squeue', `${running('1')}; echo 'Rate limit exceeded, please retry momentarily' >&2`)
  await scheduler().look([job('1')], show)
  time = 1001
  const look = await scheduler().look([job('1'), job('2', { seenAt: null })], show)
  expect(look.queue).toMatchObject({ answered: true, rows: [{ job: '1' }] })
  expect(look.queue.answered && look.queue.unheard?.get(job('2').id)?.message).toMatch(
    /^Slurm is not asked again \(squeue\) before \d\d:\d\d:42$/,
  )
  expect([asked('squeue'), asked('sacct')]).toEqual([1, 0])
})

test('a busy Slurm is left alone, twice as long each time, by all; who acts waits and asks', async () => {
  put('squeue', 'echo "slurm_load_jobs error: Socket timed out on send/recv operation" >&2; exit 1')
  const first = await scheduler().look([job('1')], show)
  expect(first).toMatchObject({ again: 1002, queue: { answered: false, why: 'failed' } })
  expect(!first.queue.answered && first.queue.message).toMatch(
    /Socket timed out.*; Slurm is busy, and is not asked again before \d\d:\d\d:42$/,
  )
  time = 1001.5
  expect((await scheduler().look([job('1')], { ...show, maxAge: 0 })).queue).toEqual(first.queue)
  expect(asked('squeue')).toBe(1)
  const waits: number[] = []
  const second = await scheduler().look([job('1')], { depth: 'states', onWait: (left) => waits.push(left) })
  expect(waits).toEqual([0.5])
  expect(second).toMatchObject({ at: 1002, again: 1006 })
  expect(asked('squeue')).toBe(2)
  put('squeue', running('1'))
  time = 1003
  expect(await scheduler().look([job('1')], { depth: 'states' })).toMatchObject({ at: 1006, again: 1006 })
})

test('a job that carries a lost token is not waited for, nor called absent, while Slurm may not be asked', async () => {
  put('squeue', 'echo "slurm_load_jobs error: Socket timed out on send/recv operation" >&2; exit 1')
  await scheduler().look([job('1')], show)
  expect(await scheduler().findToken('other' as never, 900, dir, 'ada')).toMatchObject({ kind: 'unanswered' })
  expect(asked('squeue')).toBe(1)
})

test('after a cancellation of ours no older look is shown', async () => {
  await scheduler().look([job('1')], show)
  time = 1001
  await scheduler().cancel([job('1')])
  expect(asked('squeue')).toBe(2)
  time = 1002
  expect((await scheduler().look([job('1')], show)).at).toBe(1002)
})

test('accounting’s answer is shared too, where it was asked after the queue', async () => {
  await scheduler().look([job('7')], show)
  time = 1010
  await scheduler().look([job('7')], show)
  expect([asked('squeue'), asked('sacct')]).toEqual([1, 1])
  time = 1030
  await scheduler().look([job('7')], show)
  expect([asked('squeue'), asked('sacct')]).toEqual([2, 2])
})

test('an end that is known is not asked about again for showing; for a record it is', async () => {
  await scheduler().look([job('7', { over: true })], show)
  expect(asked('sacct')).toBe(0)
  time = 1001
  await scheduler().look([job('7', { over: true })], { depth: 'states' })
  time = 1002
  await scheduler().look([job('7', { over: true })], { depth: 'facts', maxAge: 20 })
  expect(asked('sacct')).toBe(2)
})

test('what stands in the folder and is no look is asked anew', async () => {
  await scheduler().look([job('1')], show)
  const [name = ''] = readdirSync(join(dir, 'run'))
  for (const text of ['', '{"question":', 'null', '{}']) {
    writeFileSync(join(dir, 'run', name), text)
    expect((await scheduler().look([job('1')], show)).queue).toMatchObject({ rows: [{ job: '1' }] })
  }
  expect(asked('squeue')).toBe(5)
})

test('two at once: one asks, and both have its answer', async () => {
  put('squeue', `sleep 0.2; ${running('1')}`)
  const looks = await Promise.all([1, 2, 3].map(async () => scheduler().look([job('1')], show)))
  expect(looks).toMatchObject(looks.map(() => ({ queue: { rows: [{ job: '1' }] } })))
  expect(asked('squeue')).toBe(1)
})
