import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseIndices } from '../../contract/index-set.ts'
import { runName, type JobId, type JobToken, type RunId, type SchedulerJobId } from '../../contract/ids.ts'
import type {
  BatchScheduler,
  JobReference,
  Look,
  Row,
  SubmitOutcome,
  SubmitRequest,
} from '../../contract/scheduler.ts'
import { makeScratch, scratchEnv, value, type Scratch } from '../../dataset/scratch-repository.ts'
import { cancel } from '../../job/cancel.ts'
import type { Context, Job, JobLedger } from '../../job/context.ts'
import { finishLease } from '../../job/lease.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { identify } from '../../process/identity.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { loadDefinitions } from '../definitions/load.ts'
import { makePlan } from '../make-plan.ts'
import type { PieceId } from './book.ts'
import { jobPieces, piecesOf } from './pieces-of-job.ts'
import { drive, type DriveStart } from './drive.ts'
import { driveLease } from './runs.ts'

// Ledger, git and the drive are real. The scheduler is a model whose jobs, answers and silences are drawn, and so is when
// the driving process dies: at any call of the ledger's or the scheduler's, before it is made or after. Before looks and
// submissions something may come between: it sleeps for longer than its leases hold, and another drives meanwhile, to the end
// or until that one dies; or a person cancels the run.

const yaml = `
sites: { cluster: { scheduler: slurm } }
assets:
  raw: { outputs: [raw.txt], run: "true", retry: { attempts: 3 } }
  model:
    needs: [raw]
    outputs: ["{metal}.txt"]
    partitions: { metal: [gold, tin] }
    run: "true"
    retry: { attempts: 3 }
  side: { outputs: [], run: "true", retry: { attempts: 3 } }
`

const keys = ['model\0gold', 'model\0tin', 'raw\0', 'side\0']

/** The driving process is gone. */
class Died extends Error {}

/** Numbers that were drawn; when they are used up, all goes well. */
class Dice {
  readonly #numbers: number[]
  constructor(numbers: readonly number[]) {
    this.#numbers = [...numbers]
  }

  /** One of so many sides; 0 is what goes well. */
  roll(sides: number): number {
    return (this.#numbers.pop() ?? 0) % sides
  }
}

/** One task of an array, or (null) all of another job. */
interface ModelTask {
  readonly task: number | null
  state: string
  looksLeft: number
}

interface ModelJob {
  readonly id: SchedulerJobId
  readonly token: JobToken
  readonly tasks: readonly ModelTask[]
}

const badEnds = ['FAILED', 'TIMEOUT', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED', 'CANCELLED']

/** What is true of all jobs, whatever Waybill has seen of it. */
class Cluster {
  readonly jobs: ModelJob[] = []
  readonly #dice: Dice
  readonly #tasksOf: (token: JobToken) => readonly (number | null)[]
  readonly #makes: (token: JobToken, task: number | null) => void
  #mood = { answer: 0, looks: 0 }

  constructor(
    dice: Dice,
    tasksOf: (token: JobToken) => readonly (number | null)[],
    makes: (token: JobToken, task: number | null) => void,
  ) {
    this.#dice = dice
    this.#tasksOf = tasksOf
    this.#makes = makes
  }

  scheduler(mayDie: () => void, between: () => Promise<void>): BatchScheduler {
    const submit = (request: SubmitRequest): SubmitOutcome => {
      const said = { stdout: '', stderr: '', exitCode: 1 }
      const how = this.#dice.roll(5)
      if (how === 3) return { kind: 'refused', ...said }
      if (how === 2) return { kind: 'unknown', ...said }
      const id = String(this.jobs.length + 1) as SchedulerJobId
      const tasks = this.#tasksOf(request.token).map((task) => ({
        task,
        state: 'PENDING',
        looksLeft: 1 + this.#dice.roll(8),
      }))
      this.jobs.push({ id, token: request.token, tasks })
      mayDie()
      return how === 1
        ? { kind: 'unknown', ...said }
        : { kind: 'submitted', id, cluster: null, ...said, exitCode: 0 }
    }
    const dead = { ...mortal, pid: mortal.pid + 1 }
    const holdMany: BatchScheduler['holdMany'] = async (requests) => {
      mayDie()
      return Promise.resolve({
        process: dead,
        go: async () => Promise.resolve(requests.map(submit)),
        abandon: async () => Promise.resolve(),
      })
    }
    return {
      kind: 'slurm',
      holdMany,
      hold: async () => Promise.reject(new Error('one by one')),
      look: async (jobs) => {
        mayDie()
        await between()
        this.#goOn()
        return Promise.resolve(this.#answer(jobs))
      },
      findToken: async (token) => {
        mayDie()
        const job = this.jobs.find((one) => one.token === token)
        if (this.#dice.roll(3) === 1) return Promise.resolve({ kind: 'unanswered', message: 'no' })
        return Promise.resolve(
          job === undefined
            ? { kind: 'absent' }
            : { kind: 'found', id: job.id, cluster: null, submittedAt: null },
        )
      },
      settleSeconds: async () => Promise.resolve(5),
      describe: async (jobs) => Promise.resolve(jobs.map(() => null)),
      room: async () =>
        Promise.resolve({
          admit: () => ({ kind: 'fits' }) as const,
          refused: () => ({ kind: 'limit', limit: 'x', of: '', most: null }) as const,
          largest: () => 1000,
        }),
      cancel: async (jobs) => {
        mayDie()
        this.#cancel(new Set(jobs.map(({ id }) => id)))
        return Promise.resolve(jobs.map(() => ({ kind: 'asked' }) as const))
      },
      release: async () => Promise.reject(new Error('nothing was submitted held')),
    }
  }

  #cancel(ids: ReadonlySet<SchedulerJobId>): void {
    for (const { id, tasks } of this.jobs)
      if (ids.has(id))
        for (const one of tasks)
          if (one.looksLeft > 0) Object.assign(one, { state: 'CANCELLED', looksLeft: 0 })
  }

  #goOn(): void {
    for (const { token, tasks } of this.jobs) {
      for (const one of tasks) {
        if (one.looksLeft === 0) continue
        one.looksLeft--
        one.state = 'RUNNING'
        if (one.looksLeft > 0) {
          // A requeue: it waits again.
          if (this.#dice.roll(6) === 5) one.state = 'PENDING'
          continue
        }
        one.state = badEnds[this.#dice.roll(15) - 1] ?? 'COMPLETED'
        if (one.state === 'COMPLETED') this.#makes(token, one.task)
      }
    }
  }

  #answer(asked: readonly JobReference[]): Look {
    const silent = { answered: false, why: 'failed', message: 'nobody answers' } as const
    const rows = asked.flatMap(({ id }) => this.jobs.filter((job) => job.id === id).flatMap(rowsOf))
    // An outage lasts for some looks.
    if (this.#mood.looks-- === 0) this.#mood = { answer: this.#dice.roll(8), looks: this.#dice.roll(4) }
    switch (this.#mood.answer) {
      case 1:
        return { queue: silent, accounting: silent }
      case 2:
        return { queue: silent, accounting: { answered: true, rows } }
      // The queue has forgotten all, or came back with older news.
      case 3:
        return { queue: { answered: true, rows: [] }, accounting: { answered: true, rows } }
      case 4:
        return { queue: { answered: true, rows: [] }, accounting: silent }
      case 5:
        return { queue: { answered: true, rows: [] }, accounting: { answered: true, rows: [] } }
      default:
        return { queue: { answered: true, rows }, accounting: { answered: true, rows } }
    }
  }
}

function rowsOf({ id, tasks }: ModelJob): readonly Row[] {
  const none = { folded: null, component: null, reason: null, cluster: null, user: null }
  return tasks.map(({ task, state, looksLeft }) => {
    const ended = looksLeft === 0 ? 2 : null
    return { job: id, task, state, exit: null, submitted: 1, started: 1, ended, facts: {}, ...none }
  })
}

// Who may die is dead for all who ask; who sleeps lives on.
const sleeper = identifyThis()
const mortal = { ...sleeper, pid: 2 ** 22 + 1 }
const another = { ...sleeper, pid: 2 ** 22 + 3 }

function identifyThis(): NonNullable<ReturnType<typeof identify>> {
  const own = identify(process.pid)
  if (own === null) throw new Error('this process is not in /proc')
  return own
}

/** What is drawn of a history: answers, and how many calls, looks and submissions lie between one blow and the next. */
interface Drawn {
  readonly numbers: readonly number[]
  readonly deaths: readonly number[]
  readonly breaks: readonly number[]
}

/** Runs one history to its end, and checks what must hold of every one. */
async function live(
  repo: Scratch,
  definitions: Definitions,
  { numbers, deaths, breaks }: Drawn,
): Promise<void> {
  const dice = new Dice(numbers)
  const dataset = await repo.dataset()
  const ledger: JobLedger = new Ledger({ folder: join(dataset.commonDir, 'waybill'), shared: null })
  const before = repo.git('rev-parse', 'HEAD').trim()
  const jobOf = (token: JobToken): Job => {
    const job = ledger.openJobsIn(repo.root).find((one) => one.token === token)
    if (job === undefined) throw new Error(`${token} is not open`)
    return job
  }
  const tasksOf = (token: JobToken): readonly (number | null)[] => {
    const { parts } = jobOf(token).spec
    return parts.kind === 'array' ? parseIndices(parts.indices) : [null]
  }
  const cluster = new Cluster(dice, tasksOf, (token, task) => {
    const { asset } = jobOf(token).spec
    if (asset?.name === 'raw') repo.write('raw.txt')
    if (asset?.name === 'model') repo.write(`${asset.keys?.[task ?? 0]}.txt`)
  })
  let clock = 1_800_000_000
  let tokens = 0
  // So many calls lie between one death and the next.
  const lives = [...deaths]
  let left = lives.pop() ?? Infinity
  let isImmortal = false
  const mayDie = (): void => {
    if (isImmortal || left-- > 0) return
    left = lives.pop() ?? Infinity
    throw new Died()
  }
  const fragile = new Proxy(ledger, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: readonly unknown[]): unknown => {
        // A heartbeat is set by a clock of its own, and dying lets go of nothing.
        if (name === 'takeLease' || name === 'renewLease' || name === 'dropLease')
          return Reflect.apply(member, target, args)
        mayDie()
        const done: unknown = Reflect.apply(member, target, args)
        mayDie()
        return done
      }
    },
  })
  const scheduler = cluster.scheduler(mayDie, async () => between('look'))
  const context: Context = {
    dataset,
    ledger: fragile,
    schedulers: { slurm: scheduler, local: { ...scheduler, kind: 'local' } },
    cwd: repo.root,
    env: { ...scratchEnv, WAYBILL_FACTS_WAIT: '0' },
    user: 'ada',
    self: mortal,
    version: '0',
    now: () => (clock += 0.001),
    sleep: async (seconds) => {
      clock += seconds
      return Promise.resolve()
    },
    newToken: () => `token${String((tokens += 1)).padStart(15, '0')}` as JobToken,
    payloadScripts: () => repo.root,
    progress: () => {},
    critical: async (work) => {
      await between('submission')
      return work()
    },
  }
  const what = { selection: '', keys: null, site: null, force: false }
  const asked = { kind: 'new', request: { ...what, jobs: null, keepGoing: true } } as const
  let run: RunId | null = null
  const night = { drives: false, cancelledAt: null as number | null }
  const driveAs = async (self: Context['self'], start: DriveStart): Promise<void> => {
    const onRun = (id: RunId): void => {
      run = id
      night.drives = true
    }
    await drive({ ...context, self }, { definitions, env: scratchEnv, onRun }, start, () => {})
  }
  const untilDeath = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Died)) throw error
    }
  }
  /** The driver sleeps: its leases run out, and another drives until it is done, or dies. */
  const sleep = async (): Promise<void> => {
    for (const lease of [driveLease(context), finishLease, 'release'])
      ledger.dropLease(lease, JSON.stringify(sleeper))
    isImmortal = false
    await untilDeath(async () => driveAs(another, run === null ? asked : { kind: 'attach', run }))
    isImmortal = true
  }
  const cancelRun = async (at: 'look' | 'submission'): Promise<void> => {
    if (run === null || !night.drives) return
    const name = runName(run)
    await untilDeath(async () => {
      await cancel({ ...context, self: another }, [name], () => {})
      if (at === 'look') night.cancelledAt = cluster.jobs.length
    })
  }
  const pauses = [...breaks]
  let awake = pauses.pop() ?? Infinity
  let isBroken = false
  const between = async (at: 'look' | 'submission'): Promise<void> => {
    // What the sleeper has begun to submit nobody else takes up, as on another host.
    if (isBroken || ledger.unsubmittedJobs().length > 0) return
    // Looks are many, and submissions few.
    if (at === 'look' ? awake-- > 0 : dice.roll(2) === 0) return
    if (at === 'look') awake = pauses.pop() ?? Infinity
    isBroken = true
    if (dice.roll(3) === 1) await cancelRun(at)
    else if (isImmortal) {
      night.cancelledAt = null
      await sleep()
    }
    isBroken = false
  }
  const stale = async (): Promise<number> => {
    const plan = value(await makePlan({ ...what, definitions, env: scratchEnv, dataset, now: clock }))
    return plan.plan.assets.reduce((sum, { stale: all }) => sum + all.length, 0)
  }
  const checkOpen = (): void => {
    const open = ledger.openJobsIn(repo.root).flatMap(piecesOf)
    expect(open, 'a key has one open job at most').toHaveLength(new Set(open).size)
    for (const job of cluster.jobs) {
      const known = ledger.openJobsIn(repo.root).some(({ token }) => token === job.token)
      if (job.tasks.some(({ looksLeft }) => looksLeft > 0))
        expect(known, `${job.token} runs, and is open`).toBe(true)
    }
  }
  try {
    for (let nights = 0; ; nights++) {
      expect(nights, 'it comes to an end').toBeLessThan(300)
      Object.assign(night, { drives: false, cancelledAt: null })
      // Who sleeps does not die.
      isImmortal = dice.roll(2) === 1
      await untilDeath(async () => {
        // By turns the same command is given again, and the run that it had is gone on with.
        const start = run !== null && nights % 2 === 1 ? ({ kind: 'attach', run } as const) : asked
        await driveAs(isImmortal ? sleeper : mortal, start)
      })
      isBroken = false
      // By the next night no process of this one lives.
      for (const { id, submitter } of ledger.unsubmittedJobs())
        if (submitter !== null)
          ledger.change(id, clock, 'over', { submitter: { ...submitter, waybill: mortal } })
      checkOpen()
      if (night.cancelledAt !== null)
        expect(cluster.jobs, 'what is cancelled submits nothing more').toHaveLength(night.cancelledAt)
      // Another night: what was in doubt is looked at anew.
      clock += 60
      if (ledger.openJobsIn(repo.root).length === 0 && (await stale()) === 0) break
    }
    const recorded: readonly string[] =
      repo.git('log', '--format=%B', `${before}..HEAD`).match(/"token": "\w+"/g) ?? []
    expect(recorded, 'each record is of a job of its own').toHaveLength(new Set(recorded).size)
    const submitted = new Map<string, ModelJob>(cluster.jobs.map((job) => [job.token, job]))
    for (let id = 1; ; id++) {
      const job = ledger.job(id as JobId)
      if (job === null) break
      const ends = submitted.get(job.token)?.tasks ?? []
      const good = ends.filter(({ state }) => state === 'COMPLETED').map(({ task }) => task ?? 0)
      const expected = ends.length === 0 ? 'refused' : good.length === ends.length ? 'recorded' : 'closed'
      expect(job.state, `${job.token} ended ${JSON.stringify(ends)}`).toBe(expected)
      const kept = jobPieces(job).flatMap((piece) => (piece.recorded ? [piece.task] : []))
      expect(kept, 'what ended well is recorded, and nothing else').toEqual(good)
      expect(recorded.includes(`"token": "${job.token}"`)).toBe(good.length > 0)
    }
    const made: PieceId[] = []
    for (let id = 1, job = ledger.job(1 as JobId); job !== null; job = ledger.job((id += 1) as JobId))
      made.push(...jobPieces(job).flatMap((piece) => (piece.recorded ? [piece.id] : [])))
    expect(made.toSorted(), 'each key was made once').toEqual(keys)
    expect(repo.git('status', '--porcelain')).toBe('')
  } finally {
    ledger.close()
  }
}

test('whatever is observed, and whoever dies, sleeps or cancels when, each job ends in one state and has one record', async () => {
  const numRuns = Number(process.env['WAYBILL_HISTORIES'] ?? 3)
  const history = fc.record({
    // Of few histories none is to be short or mild, as fast-check likes to begin.
    numbers: fc.array(fc.noBias(fc.nat(999)), { minLength: 100, maxLength: 150 }),
    deaths: fc.array(fc.noBias(fc.nat(120)), { minLength: 3, maxLength: 8 }),
    breaks: fc.array(fc.noBias(fc.nat(12)), { minLength: 2, maxLength: 5 }),
  })
  // fast-check prints the seed and the smallest history that fails.
  await fc.assert(
    fc.asyncProperty(history, async (drawn) => {
      const repo = makeScratch()
      try {
        repo.write('waybill.yaml', yaml)
        repo.git('add', '.')
        repo.git('commit', '-qm', 'Begin')
        const file = join(repo.root, 'waybill.yaml')
        const askCluster = async (): Promise<null> => Promise.resolve(null)
        const place = { file, root: repo.root, shown: 'waybill.yaml', askCluster }
        await live(repo, value(await loadDefinitions(place)), drawn)
      } finally {
        repo.remove()
      }
    }),
    { numRuns, endOnFailure: true },
  )
}, 3_600_000)
