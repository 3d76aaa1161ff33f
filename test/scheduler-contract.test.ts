import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobToken, SchedulerJobId } from '../src/contract/ids.ts'
import { phaseOf } from '../src/contract/job-state.ts'
import type { JobReference, Row, Scheduler, SubmitOutcome, SubmitRequest } from '../src/contract/scheduler.ts'
import { localScheduler } from '../src/local/local.ts'
import { slurmScheduler } from '../src/slurm/slurm.ts'
import { layoutOf } from '../dev/cluster/layout.ts'
import { takeCluster } from './support/cluster.ts'

/** What differs between schedulers from where a user stands. */
interface Kind {
  readonly name: string
  /** A scheduler with `folder` for files of its own. */
  readonly make: (folder: string) => Promise<Scheduler>
  /** The words that run a line of shell as a job, as an array of `indices` when given. */
  readonly words: (line: string, indices: string | null) => readonly string[]
  /** The wish of our own that makes such an array, or null when the words do. */
  readonly array: (indices: string | null) => string | null
  /** The variable that tells a task its index. */
  readonly taskVariable: string
  /** What makes a good request one that must be refused. */
  readonly spoil: (request: SubmitRequest) => SubmitRequest
}

const environment = Object.fromEntries(
  Object.entries({ ...process.env, SLURM_CONF: layoutOf('default').conf }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  ),
)

const local: Kind = {
  name: 'local',
  make: async (folder) =>
    localScheduler({
      folder,
      capacity: { cpus: 2, memory: 1024 ** 3, gpus: 0 },
      env: environment,
      now: () => Date.now() / 1000,
      graceSeconds: 5,
    }),
  words: (line) => [line],
  array: (indices) => indices,
  taskVariable: 'WAYBILL_ARRAY_TASK_ID',
  spoil: (request) => ({ ...request, array: '5-1' }),
}

let clusterUp: Promise<unknown> | undefined
const slurm: Kind = {
  name: 'slurm',
  make: async () => {
    await (clusterUp ??= takeCluster('default'))
    return slurmScheduler({ env: environment, now: () => Date.now() / 1000, user: userInfo().username })
  },
  words: (line, indices) => [
    'sbatch',
    '--output=/dev/null',
    ...(indices === null ? [] : [`--array=${indices}`]),
    `--wrap=${line}`,
  ],
  array: () => null,
  taskVariable: 'SLURM_ARRAY_TASK_ID',
  spoil: (request) => ({ ...request, words: request.words.toSpliced(1, 0, '--partition=no-such') }),
}

contract(local)
contract(slurm)

/** What every scheduler promises to `job/`. */
function contract(kind: Kind): void {
  describe(`the scheduler ${kind.name}`, { timeout: 120_000 }, () => {
    let dir: string
    let scheduler: Scheduler
    let count = 0

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'waybill contract-'))
      scheduler = await kind.make(join(dir, 'scheduler'))
    })
    afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))

    function request(line: string, indices: string | null = null, cwd = dir): SubmitRequest {
      count += 1
      const folder = join(dir, 'submissions', `w${count}`)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const token = `${process.pid}x${Date.now().toString(36)}x${count}`.padEnd(20, 'x') as JobToken
      return {
        token,
        name: `w${count}`,
        words: kind.words(line, indices),
        cwd,
        env: environment,
        stdinFile: null,
        folder,
        array: kind.array(indices),
      }
    }

    async function submit(asked: SubmitRequest): Promise<JobReference> {
      const submittedAt = Date.now() / 1000
      const held = await scheduler.hold(asked)
      return referenceTo(asked, await held.go(), submittedAt)
    }

    async function witnesses(job: JobReference): Promise<readonly (readonly Row[])[]> {
      const look = await scheduler.look([job], { depth: 'facts' })
      return [look.queue, look.accounting].map((said) =>
        said.answered ? said.rows.filter((row) => row.job === job.id) : [],
      )
    }

    async function rowsOf(job: JobReference): Promise<readonly Row[]> {
      return (await witnesses(job)).find((rows) => rows.length > 0) ?? []
    }

    /** What is known when all is over; an exit code may be known to the slower of two witnesses alone. */
    async function whenOver(job: JobReference): Promise<readonly Row[]> {
      return eventually(`the end of ${job.id}`, async () => {
        const said = await witnesses(job)
        const parts = Math.max(...said.map((rows) => rows.length))
        const told = (row: Row): boolean =>
          phaseOf(row.state) === 'over' &&
          ((row.exit !== null && row.ended !== null) || row.state === 'CANCELLED')
        return said.find((rows) => parts > 0 && rows.length === parts && rows.every(told)) ?? null
      })
    }

    test('runs a job in its directory with its environment, and tells its end', async () => {
      const cwd = join(dir, '-odd "it\'s" $HOME `x` \n ü')
      mkdirSync(cwd)
      const asked = request('printf %s "$GREETING" >made', null, cwd)
      const job = await submit({ ...asked, env: { ...asked.env, GREETING: 'a b\n\'"$x' } })
      const rows = await whenOver(job)
      expect(rows).toMatchObject([
        { state: 'COMPLETED', exit: { code: 0, signal: 0 }, task: null, folded: null },
      ])
      expect(rows[0]?.ended).toBeGreaterThanOrEqual(Math.floor(job.submittedAt))
      expect(readFileSync(join(cwd, 'made'), 'utf8')).toBe('a b\n\'"$x')
    })

    test('tells an exit code', async () => {
      const job = await submit(request('exit 3'))
      expect(await whenOver(job)).toMatchObject([{ state: 'FAILED', exit: { code: 3, signal: 0 } }])
    })

    test('tells a signal', async () => {
      const job = await submit(request('kill -9 $$'))
      expect(await whenOver(job)).toMatchObject([{ state: 'FAILED', exit: { code: 0, signal: 9 } }])
    })

    test('submits with go and not before, and finds a submission by its token', async () => {
      const asked = request('exit 0')
      const held = await scheduler.hold(asked)
      const since = Date.now() / 1000 - 1
      expect(held.process).toMatchObject({ host: hostname(), pid: expect.any(Number) })
      expect(await scheduler.findToken(asked.token, since, asked.folder, userInfo().username)).toEqual({
        kind: 'absent',
      })
      const told: SchedulerJobId[] = []
      const job = referenceTo(asked, await held.go((id) => told.push(id)), since)
      expect(told).toEqual([job.id])
      expect(await scheduler.findToken(asked.token, since, asked.folder, userInfo().username)).toMatchObject({
        kind: 'found',
        id: job.id,
      })
      await whenOver(job)
    })

    test('an abandoned submission never runs', async () => {
      const asked = request('touch ran')
      const held = await scheduler.hold(asked)
      await held.abandon()
      expect(await scheduler.findToken(asked.token, 0, asked.folder, userInfo().username)).toEqual({
        kind: 'absent',
      })
      await whenOver(await submit(request('exit 0')))
      expect(existsSync(join(dir, 'ran'))).toBe(false)
    })

    test('refuses what cannot be meant, with words', async () => {
      const asked = kind.spoil(request('touch ran'))
      const outcome = await (await scheduler.hold(asked)).go()
      expect(outcome).toMatchObject({ kind: 'refused', stderr: expect.stringMatching(/\w/) })
      expect(await scheduler.findToken(asked.token, 0, asked.folder, userInfo().username)).toEqual({
        kind: 'absent',
      })
      expect(existsSync(join(dir, 'ran'))).toBe(false)
    })

    test('tells a running job from one that is over', async () => {
      const gate = gateIn(dir)
      const job = await submit(request(`cat '${gate.path}'; exit 0`))
      await gate.reached()
      expect(await rowsOf(job)).toMatchObject([{ state: 'RUNNING', exit: null, ended: null }])
      await gate.open()
      expect(await whenOver(job)).toMatchObject([{ state: 'COMPLETED' }])
    })

    test('tells each task of an array', async () => {
      const line = `printf %s "$${kind.taskVariable}" >"made-$${kind.taskVariable}"; [ "$${kind.taskVariable}" != 3 ]`
      const job = await submit(request(line, '1,3-5:2'))
      const rows = await whenOver(job)
      const tasks = rows.map((row) => [row.task, row.state, row.exit?.code]).toSorted()
      expect(tasks).toEqual([
        [1, 'COMPLETED', 0],
        [3, 'FAILED', 1],
        [5, 'COMPLETED', 0],
      ])
      expect(['1', '3', '5'].map((task) => readFileSync(join(dir, `made-${task}`), 'utf8'))).toEqual([
        '1',
        '3',
        '5',
      ])
    })

    test('holds back the tasks of an array beyond its limit', async () => {
      const gate = gateIn(dir)
      const job = await submit(request(`[ "$${kind.taskVariable}" != 0 ] || cat '${gate.path}'`, '0-9%1'))
      await gate.reached()
      const rows = await rowsOf(job)
      expect(rows.filter((row) => row.state === 'RUNNING').map((row) => row.task)).toEqual([0])
      expect(rows.filter((row) => row.state === 'PENDING').map((row) => row.folded)).toEqual(['1-9'])
      await gate.open()
      expect((await whenOver(job)).filter((row) => row.state === 'COMPLETED')).toHaveLength(10)
    })

    test('cancels a job that runs, its waiting tasks too', async () => {
      const gate = gateIn(dir)
      const job = await submit(request(`[ "$${kind.taskVariable}" != 0 ] || cat '${gate.path}'`, '0-4%1'))
      await gate.reached()
      expect(await scheduler.cancel([job])).toEqual([{ kind: 'asked' }])
      const rows = await whenOver(job)
      expect(new Set(rows.map((row) => row.state))).toEqual(new Set(['CANCELLED']))
      await gate.open()
    })

    test('says that a job is over already instead of cancelling it', async () => {
      const job = await submit(request('exit 0'))
      await whenOver(job)
      expect(await scheduler.cancel([job])).toEqual([{ kind: 'already-over' }])
      expect(await whenOver(job)).toMatchObject([{ state: 'COMPLETED' }])
    })

    test('answers about many jobs at once, and says nothing of one it does not know', async () => {
      const jobs = [await submit(request('exit 0')), await submit(request('exit 4'))]
      for (const job of jobs) await whenOver(job)
      const never = { ...referenceTo(request('exit 0'), null, 0), id: '999999' as SchedulerJobId }
      const look = await scheduler.look([...jobs, never], { depth: 'states' })
      if (!look.queue.answered) throw new Error(look.queue.message)
      expect(look.queue.rows.map((row) => [row.job, row.state]).toSorted()).toEqual(
        [
          [jobs[0]?.id, 'COMPLETED'],
          [jobs[1]?.id, 'FAILED'],
        ].toSorted(),
      )
    })

    test('a file can be the standard input of the command', async () => {
      const stdinFile = join(dir, "the script's text")
      writeFileSync(stdinFile, '#!/bin/sh\necho typed >made\n')
      const asked = request('')
      const words = kind.name === 'slurm' ? ['sbatch'] : ['sh']
      const job = await submit({ ...asked, words, stdinFile })
      expect(await whenOver(job)).toMatchObject([{ state: 'COMPLETED' }])
      expect(readFileSync(join(dir, 'made'), 'utf8')).toBe('typed\n')
    })
  })
}

function referenceTo(asked: SubmitRequest, outcome: SubmitOutcome | null, submittedAt: number): JobReference {
  if (outcome !== null && outcome.kind !== 'submitted') throw new Error(JSON.stringify(outcome))
  return {
    id: outcome?.id ?? (asked.name as SchedulerJobId),
    cluster: outcome?.cluster ?? null,
    user: userInfo().username,
    submittedAt,
    token: asked.token,
    folder: asked.folder,
  }
}

interface Gate {
  readonly path: string
  /** Resolves when a job stands at the gate: its shell reads from it. */
  readonly reached: () => Promise<void>
  readonly open: () => Promise<void>
}

/** A named pipe by which the test, and no clock, decides when a job ends. */
function gateIn(dir: string): Gate {
  const path = join(dir, 'gate')
  execFileSync('mkfifo', [path])
  const writing = open(path, 'w')
  return {
    path,
    reached: async () => void (await writing),
    open: async () => (await writing).close(),
  }
}

/** Asks again until there is an answer; gives up after a minute. */
async function eventually<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  for (let i = 0; i < 600; i++) {
    const answer = await ask()
    if (answer !== null) return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`waited in vain for ${what}`)
}
