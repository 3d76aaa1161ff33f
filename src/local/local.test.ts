import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Capacity, JobReference, LookOptions } from '../contract/scheduler.ts'
import { identify, liveness } from '../process/identity.ts'
import { jobFolder, taskFile } from './layout.ts'
import { localScheduler } from './local.ts'
import { logFile } from './log-files.ts'
import { installScripts } from './scripts.ts'
import { eventually, makeGate, makeSite, mostAtOnce, reached, referenceTo } from './test-site.ts'
import type { Site } from './test-site.ts'

let site: Site
afterEach(() => site.remove())

describe('slots', { timeout: 120_000 }, () => {
  test('200 jobs from several submitters all run, once, never more at a time than there are slots', async () => {
    site = makeSite(2)
    const submitter = async (s: number): Promise<void> => {
      for (let i = 0; i < 50; i++)
        await site.submit(`w${s}-${i}`, 'echo "+ $WAYBILL_JOB" >>ran; sleep 0.04; echo - >>ran')
    }
    await Promise.all([0, 1, 2, 3].map(submitter))
    // No look here: a look pumps, and the watchers alone must be enough.
    const ends = await eventually('200 ends', () => {
      const jobs = readdirSync(join(site.dir, 'jobs'))
      return jobs.every((name) => existsSync(join(site.dir, 'jobs', name, 'local/t/job.end'))) ? jobs : null
    })
    expect(ends).toHaveLength(200)
    const started = readFileSync(join(site.dir, 'ran'), 'utf8').match(/\+ .*/g) ?? []
    expect(started).toHaveLength(200)
    expect(new Set(started).size).toBe(200)
    expect(mostAtOnce(join(site.dir, 'ran'))).toBeLessThanOrEqual(2)
    await eventually('the slots are free', () =>
      readdirSync(join(site.home, 'slots')).length === 0 ? true : null,
    )
    expect(readdirSync(join(site.home, 'queue'))).toEqual([])
  })

  test('an array keeps within its limit while other jobs pass it', async () => {
    site = makeSite(3)
    const gate = makeGate(site.dir)
    const array = await site.submit('w1', `echo + >>ran; cat gate; echo - >>ran`, '0-20%2')
    const other = await site.submit('w2', 'exit 0')
    expect(await site.whenOver(other)).toMatchObject([{ state: 'COMPLETED' }])
    const rows = await site.rows(array)
    expect(rows.at(-1)).toMatchObject({ state: 'PENDING', folded: '2-20', reason: 'JobArrayTaskLimit' })
    const way = await reached(gate)
    renameSync(gate, `${gate}.old`)
    writeFileSync(gate, '')
    await way.close()
    expect(await site.whenOver(array)).toHaveLength(21)
    expect(mostAtOnce(join(site.dir, 'ran'))).toBe(2)
  })

  /** Submits a job that takes so much, and stands still at a gate of its own. */
  const weighed = async (name: string, weight: Partial<Capacity>): Promise<JobReference> => {
    makeGate(site.dir, `gate-${name}`)
    const all = { cpus: 1, memory: 0, gpus: 0, ...weight }
    const asked = { ...site.request(name, `cat gate-${name}`), weight: all }
    const outcome = await (await site.scheduler.hold(asked)).go()
    expect(outcome.kind).toBe('submitted')
    return referenceTo(asked)
  }
  /** States of jobs when whoever looks through the queue just now has done so: what it starts has begun then. */
  const states = async (jobs: readonly JobReference[]): Promise<readonly (string | undefined)[]> => {
    execFileSync('flock', [join(site.home, 'lock'), 'true'])
    return (await Promise.all(jobs.map(site.rows))).map(([row]) => row?.state)
  }
  const letGo = async (name: string): Promise<void> => (await reached(join(site.dir, `gate-${name}`))).close()

  test('tasks take what they say of CPUs, memory and GPUs, and nothing passes what waits for room', async () => {
    site = makeSite(4)
    const MiB = 1024 ** 2
    const jobs = [
      await weighed('a', { cpus: 3 }),
      await weighed('b', { cpus: 2, memory: 600 * MiB }),
      await weighed('c', { cpus: 1 }),
      await weighed('d', { cpus: 1, memory: 600 * MiB, gpus: 2 }),
      await weighed('e', { cpus: 1, gpus: 1 }),
    ]
    const [a, b, c, d, e] = jobs as [JobReference, JobReference, JobReference, JobReference, JobReference]
    // c would fit beside a, and waits behind b.
    expect(await states(jobs)).toEqual(['RUNNING', 'PENDING', 'PENDING', 'PENDING', 'PENDING'])
    // A payload that outlives its watcher takes what it took.
    process.kill(site.pid(a, 'start'), 'SIGKILL')
    await eventually('the watcher is gone', async () =>
      (await site.rows(a))[0]?.reason === 'WatcherGone' ? true : null,
    )
    expect(await states(jobs)).toEqual(['RUNNING', 'PENDING', 'PENDING', 'PENDING', 'PENDING'])
    await letGo('a')
    // The memory of b and d together is more than there is.
    await eventually('b and c run', async () =>
      (await states([b, c])).every((state) => state === 'RUNNING') ? true : null,
    )
    expect(await states([d, e])).toEqual(['PENDING', 'PENDING'])
    await letGo('b')
    await site.whenOver(b)
    await eventually('d runs', async () => ((await states([d]))[0] === 'RUNNING' ? true : null))
    expect(await states([c, d, e])).toEqual(['RUNNING', 'RUNNING', 'PENDING'])
    await letGo('d')
    await site.whenOver(d)
    for (const name of ['c', 'e']) await letGo(name)
    expect((await site.whenOver(e))[0]?.state).toBe('COMPLETED')
  })

  test('one watcher after another goes on with what waits, and never more is taken than there is', async () => {
    site = makeSite(3)
    const line = (cpus: number, sign: string): string =>
      `i=0; while [ $i -lt ${cpus} ]; do echo ${sign} >>ran; i=$((i + 1)); done`
    await weighed('first', { cpus: 3 })
    for (let i = 0; i < 60; i++) {
      const cpus = i % 7 === 6 ? 3 : i % 3 === 2 ? 2 : 1
      const asked = site.request(
        `w${i}`,
        `${line(cpus, '+')}; echo $WAYBILL_JOB >>order; sleep 0.03; ${line(cpus, '-')}`,
      )
      const whole = { ...asked, ...(cpus === 1 ? {} : { weight: { cpus, memory: 0, gpus: 0 } }) }
      expect((await (await site.scheduler.hold(whole)).go()).kind).toBe('submitted')
      // Arrays stand in between.
      if (i % 20 === 10) await site.submit(`a${i}`, `${line(1, '+')}; ${line(1, '-')}`, '0-4%2')
    }
    await letGo('first')
    // No look here: a look pumps, and the watchers alone must be enough.
    await eventually('all ends', () => {
      const over = readdirSync(join(site.dir, 'jobs')).flatMap((name) =>
        readdirSync(join(site.dir, 'jobs', name, 'local/t')).filter((file) => file.endsWith('.end')),
      )
      return over.length === 76 ? true : null
    })
    const started = readFileSync(join(site.dir, 'order'), 'utf8').trim().split('\n')
    expect(started.toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `w${i}`).toSorted())
    expect(mostAtOnce(join(site.dir, 'ran'))).toBeLessThanOrEqual(3)
    await eventually('the slots are free', () =>
      readdirSync(join(site.home, 'slots')).length === 0 ? true : null,
    )
    expect(readdirSync(join(site.home, 'queue'))).toEqual([])
  })

  test('what asks for more than there is any more runs alone', async () => {
    site = makeSite(2)
    const jobs = [
      await weighed('a', {}),
      await weighed('b', { cpus: 5, memory: 8 * 1024 ** 3 }),
      await weighed('c', {}),
    ]
    expect(await states(jobs)).toEqual(['RUNNING', 'PENDING', 'PENDING'])
    await letGo('a')
    await eventually('b runs', async () => ((await states(jobs))[1] === 'RUNNING' ? true : null))
    expect((await states(jobs))[2]).toBe('PENDING')
    await letGo('b')
    await letGo('c')
  })

  test('what waits starts in the order of submission', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const jobs = [await site.submit('w1', 'cat gate')]
    for (const name of ['w2', 'w10', 'w3']) jobs.push(await site.submit(name, 'echo $WAYBILL_JOB >>order'))
    expect(await Promise.all(jobs.slice(1).map(site.rows))).toMatchObject([
      [{ state: 'PENDING', reason: 'Resources' }],
      [{ state: 'PENDING' }],
      [{ state: 'PENDING' }],
    ])
    await (await reached(gate)).close()
    for (const job of jobs) await site.whenOver(job)
    expect(readFileSync(join(site.dir, 'order'), 'utf8')).toBe('w2\nw10\nw3\n')
  })

  test('a large array is one entry in the queue, and needs no more processes than slots', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', 'cat gate', '0-9999')
    const way = await reached(gate)
    expect(readdirSync(join(site.home, 'queue'))).toHaveLength(1)
    expect(await site.rows(job)).toMatchObject([{ task: 0, state: 'RUNNING' }, { folded: '1-9999' }])
    expect(await site.scheduler.cancel([job])).toEqual([{ kind: 'asked' }])
    await site.whenOver(job)
    await way.close()
    await eventually('the queue is empty', () =>
      readdirSync(join(site.home, 'queue')).length === 0 ? true : null,
    )
    expect(await site.rows(job)).toMatchObject([
      { task: 0, state: 'CANCELLED' },
      { folded: '1-9999', state: 'CANCELLED' },
    ])
  })
})

describe('a job', { timeout: 60_000 }, () => {
  test('has one log for what it prints, and facts of its run', async () => {
    site = makeSite(1)
    const job = await site.submit(
      'w1',
      'echo out; echo err >&2; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done',
    )
    const [row] = await site.whenOver(job)
    expect(row?.facts.stdout).toBe(logFile(job.folder, null))
    expect(readFileSync(logFile(job.folder, null), 'utf8')).toBe('out\nerr\n')
    expect(row?.facts.cpu_seconds).toBeGreaterThan(0)
    expect(row?.facts.elapsed_seconds).toBeCloseTo((row?.ended ?? 0) - (row?.started ?? 0), 2)
  })

  test('tells exit codes from signals, also where a shell would confuse them', async () => {
    site = makeSite(2)
    const lines = [
      'exit 137',
      'kill -KILL $$',
      'exit 255',
      'kill -INT $$',
      'kill -SEGV $$; exit 1',
      'no-such-program',
    ]
    const exits: unknown[] = []
    for (const [i, line] of lines.entries()) {
      const [row] = await site.whenOver(await site.submit(`w${i}`, line))
      exits.push([row?.exit?.code, row?.exit?.signal, row?.reason])
    }
    expect(exits).toEqual([
      [137, 0, 'NonZeroExitCode'],
      [0, 9, 'RaisedSignal'],
      [255, 0, 'NonZeroExitCode'],
      [0, 2, 'RaisedSignal'],
      [0, 11, 'RaisedSignal'],
      [127, 0, 'NonZeroExitCode'],
    ])
  })

  test('is a session of its own, with the usual answers to signals', async () => {
    site = makeSite(1)
    const job = await site.submit('w1', 'cat /proc/$$/stat; grep SigIgn /proc/$$/status')
    await site.whenOver(job)
    const log = readFileSync(logFile(job.folder, null), 'utf8')
    const [pid, , , , group, session] = log.split(' ')
    expect([group, session]).toEqual([pid, pid])
    expect(log).toMatch(/SigIgn:\t0+\n/)
  })

  test('takes along what it left running', async () => {
    site = makeSite(1)
    const job = await site.submit('w1', 'sleep 1000 & echo $! >left')
    await site.whenOver(job)
    const left = Number(readFileSync(join(site.dir, 'left'), 'utf8'))
    await eventually('the stray is gone', () => (identify(left) === null ? true : null))
  })

  test('ends when it is cancelled, though no note of that can be left beside it', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', 'cat gate')
    const way = await reached(gate)
    const start = taskFile(jobFolder(job.folder), null, 'start')
    mkdirSync(start.replace(/start$/, 'cancel'))
    await site.scheduler.cancel([job])
    expect(await site.whenOver(job)).toMatchObject([{ exit: { signal: 15 } }])
    await way.close()
  })

  test('that ignores SIGTERM is killed after the grace', async () => {
    site = makeSite(1, 1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', `trap '' TERM; cat gate; cat gate`)
    const way = await reached(gate)
    expect(await site.scheduler.cancel([job])).toEqual([{ kind: 'asked' }])
    expect(await site.whenOver(job)).toMatchObject([{ state: 'CANCELLED', exit: { signal: 9 } }])
    await way.close()
  })
})

test('what only waited is cancelled by its file alone: that may be many jobs at once', async () => {
  site = makeSite(1)
  const gate = makeGate(site.dir)
  await site.submit('w1', 'cat gate')
  const waiting = await site.submit('w2', 'exit 0')
  const way = await reached(gate)
  const capacity = { cpus: 1, memory: 1024 ** 3, gpus: 0 }
  const env = { PATH: join(site.dir, 'no programs') }
  const bare = localScheduler({
    folder: join(site.dir, 'state'),
    capacity,
    env,
    now: () => Date.now() / 1000,
  })
  expect(await bare.cancel([waiting])).toEqual([{ kind: 'asked' }])
  expect(await site.rows(waiting)).toMatchObject([{ state: 'CANCELLED' }])
  await way.close()
})

test('the ends of an array are read once by whoever waits for it', async () => {
  site = makeSite(2)
  const job = await site.submit('w1', 'exit 0', '0-2')
  await site.whenOver(job)
  for (const task of [0, 1, 2]) writeFileSync(taskFile(jobFolder(job.folder), task, 'end'), 'not again')
  const ended = [0, 1, 2].map((task) => ({ task, state: 'COMPLETED' }))
  expect(await site.rows(job)).toMatchObject(ended)
  await site.scheduler.look([], { depth: 'states' })
  expect(await site.rows(job)).not.toMatchObject(ended)
})

describe('a killed watcher', { timeout: 60_000 }, () => {
  test('leaves its payload running and in its slot; the end cannot be told then', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', 'cat gate; echo done >done')
    const next = await site.submit('w2', 'exit 0')
    const way = await reached(gate)
    process.kill(site.pid(job, 'start'), 'SIGKILL')
    await eventually('the watcher is gone', () => (identify(site.pid(job, 'start')) === null ? true : null))
    expect(await site.rows(job)).toMatchObject([{ state: 'RUNNING', reason: 'WatcherGone' }])
    execFileSync('sh', [join(installScripts(site.home), 'pump.sh'), site.home])
    expect(await site.rows(next)).toMatchObject([{ state: 'PENDING' }])
    await way.close()
    await eventually('the payload is gone', () => (identify(site.pid(job, 'payload')) === null ? true : null))
    expect(existsSync(join(site.dir, 'done'))).toBe(true)
    expect(await site.rows(job)).toMatchObject([{ state: 'LOST', exit: null }])
    expect(await site.whenOver(next)).toMatchObject([{ state: 'COMPLETED' }])
    expect(await site.scheduler.cancel([job])).toMatchObject([{ kind: 'failed' }])
  })

  test('does not keep its payload from being cancelled', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', 'cat gate')
    const way = await reached(gate)
    process.kill(site.pid(job, 'start'), 'SIGKILL')
    expect(await site.scheduler.cancel([job])).toEqual([{ kind: 'asked' }])
    expect(await site.whenOver(job)).toMatchObject([{ state: 'CANCELLED' }])
    await way.close()
  })

  test('after a reboot the job has failed; on another host it is said to run', async () => {
    site = makeSite(1)
    const job = await site.submit('w1', 'exit 0')
    await site.whenOver(job)
    renameSync(taskFile(jobFolder(job.folder), null, 'end'), join(site.dir, 'end'))
    const start = taskFile(jobFolder(job.folder), null, 'start')
    const text = readFileSync(start, 'utf8')
    const boot = identify(process.pid)?.boot ?? ''
    writeFileSync(start, text.replace(boot, 'another-boot'))
    expect(await site.rows(job)).toMatchObject([{ state: 'NODE_FAIL', reason: 'Reboot' }])
    writeFileSync(start, text.replace(/^host .*/m, 'host elsewhere'))
    expect(await site.rows(job)).toMatchObject([{ state: 'RUNNING', reason: 'OnHost:elsewhere' }])
    // Its watcher makes it before it writes it: that moment is no doubt.
    writeFileSync(start, '')
    expect(await site.rows(job)).toMatchObject([{ state: 'RUNNING', reason: null }])
    const earlier = Date.now() / 1000 - 60
    utimesSync(start, earlier, earlier)
    expect(await site.rows(job)).toMatchObject([{ state: 'LOST', reason: 'TornMarker' }])
  })
})

describe('another host', { timeout: 60_000 }, () => {
  test('its waiting jobs are left to it', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    await site.submit('w1', 'cat gate')
    const job = await site.submit('w2', 'exit 0')
    const description = join(jobFolder(job.folder), 'job.json')
    const text = readFileSync(description, 'utf8')
    writeFileSync(description, text.replace(/"host":"[^"]*"/, '"host":"elsewhere"'))
    expect(await site.rows(job)).toMatchObject([{ state: 'PENDING', reason: 'OnHost:elsewhere' }])
    expect(await site.scheduler.cancel([job])).toEqual([
      { kind: 'failed', message: expect.stringContaining('elsewhere') },
    ])
    await (await reached(gate)).close()
    await site.whenOver(job)
  })
})

describe('a submission', { timeout: 60_000 }, () => {
  test('goes on when the folder of Waybill is gone: it runs from a copy of the scripts', async () => {
    site = makeSite(1)
    const job = await site.submit('w1', 'tr "\\0" "\\n" </proc/$PPID/cmdline')
    await site.whenOver(job)
    expect(readFileSync(logFile(job.folder, null), 'utf8')).toContain(site.home)
  })

  test('of many at once is each for itself: one that cannot be written is refused, the others run', async () => {
    site = makeSite(2)
    const asked = [1, 2, 3, 4].map((i) => site.request(`w${i}`, 'echo $WAYBILL_JOB >>ran'))
    const [first, bad] = asked
    if (first === undefined || bad === undefined) throw new Error('nothing was asked')
    writeFileSync(join(bad.folder, 'local'), '')
    const held = await site.scheduler.holdMany(asked)
    expect(await site.rows(referenceTo(first))).toEqual([])
    const outcomes = await held.go()
    expect(outcomes.map(({ kind }) => kind)).toEqual(['submitted', 'refused', 'submitted', 'submitted'])
    for (const one of asked.filter((each) => each !== bad)) await site.whenOver(referenceTo(one))
    expect(readFileSync(join(site.dir, 'ran'), 'utf8').trim().split('\n').toSorted()).toEqual([
      'w1',
      'w3',
      'w4',
    ])
  })

  test('tells what its own task took, also where one process watched several', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    await site.submit('w0', 'cat gate')
    const busy = await site.submit('w1', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done')
    const idle = await site.submit('w2', 'exit 0')
    await (await reached(gate)).close()
    const [[first], [second]] = [await site.whenOver(busy), await site.whenOver(idle)]
    expect(site.pid(busy, 'start')).toBe(site.pid(idle, 'start'))
    expect(first?.facts.cpu_seconds).toBeGreaterThan(second?.facts.cpu_seconds ?? Infinity)
  })

  test('that cannot be written is refused with the reason', async () => {
    site = makeSite(1)
    const asked = site.request('w1', 'touch ran')
    writeFileSync(join(asked.folder, 'local'), '')
    const outcome = await (await site.scheduler.hold(asked)).go()
    expect(outcome).toMatchObject({ kind: 'refused', stderr: expect.stringMatching(/EEXIST|ENOTDIR/) })
    expect(await site.rows(referenceTo(asked))).toEqual([])
  })

  test('is nobody else’s: its files say so by their modes and hold by whom it is held', async () => {
    site = makeSite(1)
    const held = await site.scheduler.hold(site.request('w1', 'exit 0'))
    expect(liveness(held.process)).toBe('alive')
    expect(held.process.pid).toBe(process.pid)
    await held.abandon()
    expect(readdirSync(join(site.home, 'queue'))).toEqual([])
  })
})

test('what the ledger knows to be over is read again by whoever acts on it, and not for a list', async () => {
  site = makeSite(1)
  const submitted = await site.submit('w1', 'exit 0')
  await site.whenOver(submitted)
  const job = { ...submitted, over: true }
  const rowsFor = async (options: LookOptions): Promise<number> => {
    const { queue } = await site.scheduler.look([job], options)
    return queue.answered ? queue.rows.length : Number.NaN
  }
  expect(await rowsFor({ depth: 'states', maxAge: 0 })).toBe(0)
  expect(await rowsFor({ depth: 'states' })).toBe(1)
  expect(await rowsFor({ depth: 'facts', maxAge: 10 })).toBe(1)
})
