import { userInfo } from 'node:os'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { identify } from '../process/identity.ts'
import { installScripts } from './scripts.ts'
import { prepare, publish } from './submission.ts'
import { eventually, makeSite, referenceTo } from './test-site.ts'
import type { Site } from './test-site.ts'

/** Every how manieth system call is tried; 1 tries them all. */
const stride = Number(process.env['WAYBILL_KILL_STRIDE'] ?? 4)

let site: Site
afterEach(() => site.remove())

/**
 * Runs a command to the death of its `at`th system call, with `follow` that of each of its processes at its own.
 * Returns whether anything was killed.
 */
function runKilledAt(
  at: number,
  calls: string,
  words: readonly string[],
  follow: boolean,
  env = process.env,
): boolean {
  const trace = join(site.dir, 'trace')
  const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:signal=SIGKILL:when=${at}`]
  const flags = [...(follow ? ['-f'] : []), '-o', trace, ...inject]
  const ran = spawnSync('strace', [...flags, ...words], { stdio: 'ignore', env })
  if (ran.error !== undefined) throw ran.error
  return readFileSync(trace, 'utf8').includes('killed by SIGKILL')
}

function timesRan(name: string): number {
  const path = join(site.dir, 'ran')
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line === name).length
    : 0
}

/** A job that is published and that no pump has seen. */
function publishQuietly(name: string): ReturnType<typeof referenceTo> {
  const holder = identify(process.pid)
  if (holder === null) throw new Error('no /proc')
  const asked = site.request(name, 'echo $WAYBILL_JOB >>ran')
  publish(prepare(site.home, asked, null, holder, Date.now() / 1000), Date.now() / 1000)
  return referenceTo(asked)
}

describe('a pump killed at a system call', { timeout: 600_000 }, () => {
  test('loses no job and runs none twice', async () => {
    site = makeSite(1)
    await site.whenOver(await site.submit('w0', 'exit 0'))
    const pump = join(installScripts(site.home), 'pump.sh')
    let killed = 0
    for (let at = 1; ; at += stride) {
      const job = publishQuietly(`w${at}`)
      const dead = runKilledAt(at, 'all', ['sh', pump, site.home], false)
      expect(await site.whenOver(job), `killed at call ${at}`).toMatchObject([{ state: 'COMPLETED' }])
      expect(timesRan(`w${at}`)).toBe(1)
      if (!dead) break
      killed += 1
    }
    expect(killed).toBeGreaterThan(3)
  })

  test.each(['write', 'unlinkat', 'clone,vfork,execve', 'openat'])(
    'and so do its watcher and payload, each at its own %s',
    async (calls) => {
      site = makeSite(1)
      await site.whenOver(await site.submit('w0', 'exit 0'))
      const pump = join(installScripts(site.home), 'pump.sh')
      let killed = 0
      for (let at = 1; at <= 14; at += Math.min(stride, 2)) {
        const job = publishQuietly(`w${at}`)
        killed += runKilledAt(at, calls, ['sh', pump, site.home], true) ? 1 : 0
        const [row] = await eventually(`an end or a doubt about w${at}`, async () => {
          const rows = await site.rows(job)
          return ['PENDING', 'RUNNING'].includes(rows[0]?.state ?? '') ? null : rows
        })
        // Killed with its watcher, a job is in doubt; it never says that all was well when it did not run.
        expect(['COMPLETED', 'FAILED', 'LOST'], `each killed at ${calls} ${at}`).toContain(row?.state)
        expect(timesRan(`w${at}`)).toBeLessThanOrEqual(1)
        if (row?.state === 'COMPLETED') expect(timesRan(`w${at}`)).toBe(1)
      }
      expect(killed).toBeGreaterThan(0)
      // Nothing that was killed keeps the slot.
      await site.whenOver(await site.submit('last', 'exit 0'))
    },
  )
})

describe('a watcher that cannot remove its slot', { timeout: 60_000 }, () => {
  test('starts the next job all the same', async () => {
    site = makeSite(1)
    await site.whenOver(await site.submit('w0', 'exit 0'))
    // Its watcher would see to the next ones.
    await eventually('a free slot', () => (readdirSync(join(site.home, 'slots')).length === 0 ? true : null))
    const [first, second] = [publishQuietly('w1'), publishQuietly('w2')]
    const pump = join(installScripts(site.home), 'pump.sh')
    expect(runKilledAt(1, 'unlinkat', ['sh', pump, site.home], true)).toBe(true)
    // Not asked by a look, which would help.
    for (const job of [first, second]) {
      await eventually(`the end of ${job.id}`, () =>
        existsSync(join(job.folder, 'local/t/job.end')) ? true : null,
      )
    }
  })
})

describe('a submitter that is killed', { timeout: 600_000 }, () => {
  /** Submits one job from a Node process of its own. */
  const program = `
    const { localScheduler } = await import(${JSON.stringify(new URL('./local.ts', import.meta.url).href)})
    const { state, request, hang } = JSON.parse(process.env.TEST)
    const now = () => Date.now() / 1000
    const scheduler = localScheduler({ folder: state, capacity: { cpus: 1, memory: 1024 ** 3, gpus: 0 }, env: process.env, now })
    const held = await scheduler.hold(request)
    if (hang) {
      console.log('held')
      setInterval(() => {}, 1000)
    } else await held.go()
  `

  function environment(name: string, hang: boolean): NodeJS.ProcessEnv {
    const request = site.request(name, 'echo $WAYBILL_JOB >>ran')
    return {
      PATH: process.env['PATH'],
      TEST: JSON.stringify({ state: join(site.dir, 'state'), request, hang }),
    }
  }
  const words = ['--input-type=module', '-e', program]

  test('before go has submitted nothing, and its place in the queue goes', async () => {
    site = makeSite(1)
    const child = spawn(process.execPath, words, {
      env: environment('w1', true),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await site.whenOver(await site.submit('w2', 'exit 0'))
    await eventually('w1 alone to wait', () =>
      readdirSync(join(site.home, 'queue')).length === 1 ? true : null,
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    const asked = site.request('w1', '')
    expect(await site.scheduler.findToken(asked.token, 0, asked.folder, userInfo().username)).toEqual({
      kind: 'absent',
    })
    await site.whenOver(await site.submit('w3', 'exit 0'))
    await eventually('an empty queue', () =>
      readdirSync(join(site.home, 'queue')).length === 0 ? true : null,
    )
    expect(timesRan('w1')).toBe(0)
  })

  test.each(['rename', 'fsync', 'symlink', 'mkdir', 'pwrite64,write', 'openat'])(
    'at any %s has submitted, or not, and its token tells which',
    async (calls) => {
      site = makeSite(1)
      let killed = 0
      for (let at = 1; ; at += calls === 'openat' ? stride : 1) {
        const name = `w${at}`
        const env = environment(name, false)
        const dead = runKilledAt(at, calls, [process.execPath, ...words], false, env)
        const asked = site.request(name, '')
        const found = await site.scheduler.findToken(asked.token, 0, asked.folder, userInfo().username)
        if (found.kind === 'found') await site.whenOver(referenceTo(asked))
        await site.whenOver(await site.submit(`after-${at}`, 'exit 0'))
        expect(timesRan(name), `killed at ${calls} ${at}`).toBe(found.kind === 'found' ? 1 : 0)
        if (!dead) break
        killed += 1
      }
      expect(killed).toBeGreaterThan(0)
    },
  )
})
