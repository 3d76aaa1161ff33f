import { existsSync, mkdirSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { readArraySpec } from '../contract/array-spec.ts'
import type { EpochSeconds, SchedulerJobId } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type {
  Capacity,
  HeldSubmission,
  HeldSubmissions,
  JobReference,
  Look,
  ProcessIdentity,
  Row,
  Scheduler,
  Silence,
  SubmitOutcome,
  SubmitRequest,
  TokenSearch,
} from '../contract/scheduler.ts'
import { identify } from '../process/identity.ts'
import { cancelJob } from './cancel.ts'
import { homeOf, jobFolder } from './layout.ts'
import { readIfThere } from './markers.ts'
import { pumpHome } from './pump.ts'
import type { Pump } from './pump.ts'
import { readDescription, rowsOf, type KnownJob } from './rows.ts'
import {
  forgetCommand,
  prepare,
  publish,
  submittedAt,
  withdraw,
  writeDurably,
  type Prepared,
} from './submission.ts'

/** What the embedded scheduler is given. */
export interface LocalOptions {
  /** Its own folder, made when needed (0700); all users of one ledger may share the folder above. */
  readonly folder: string
  /** What all tasks that run may take together. The newest submission's word counts, also for what waits already. */
  readonly capacity: Capacity
  /** Only PATH and what leads to the user's service manager is taken from it; a command gets its request's. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => EpochSeconds
  /** Seconds between SIGTERM and SIGKILL of a cancelled job: 30, Slurm's KillWait. */
  readonly graceSeconds?: number
}

/**
 * The scheduler for machines without one: each job is a detached process of this user on this host, watched by a small
 * shell; what waits is a file. Every state is told by files in the submission's folder, and no process of Waybill's
 * needs to live.
 */
export function localScheduler(options: LocalOptions): Scheduler {
  const home = homeOf(options.folder, hostname(), userInfo().uid)
  const pump: Pump = { home, env: options.env, user: userInfo().username }
  const before: LastLook = { known: new Map(), pumped: -Infinity }
  return {
    kind: 'local',
    capacity: options.capacity,
    hold: async (request) => hold(options, pump, request),
    holdMany: async (requests) => holdMany(options, pump, requests),
    // What is only shown need not be read again once it is over; whoever acts on an end asks for it anew.
    look: async (jobs, { depth, maxAge }) =>
      look(
        options,
        pump,
        before,
        depth === 'states' && maxAge !== undefined ? jobs.filter(({ over }) => !over) : jobs,
      ),
    findToken: async (token, _since, folder) => findToken(token, folder),
    settleSeconds: async () => 0,
    describe: async (jobs) => jobs.map(() => null),
    cancel: async (jobs) => {
      const outcomes = await Promise.all(
        jobs.map((job) => cancelJob(pump, job, options.now(), options.graceSeconds ?? 30)),
      )
      // A job that only waited has left the queue; what stands behind it may start.
      if (outcomes.some((outcome) => outcome.kind === 'asked')) await pumpHome(pump)
      return outcomes
    },
  }
}

async function hold(options: LocalOptions, pump: Pump, request: SubmitRequest): Promise<HeldSubmission> {
  const { process, go, abandon } = holdMany(options, pump, [request])
  return {
    process,
    go: async (onId) => {
      const [outcome] = await go()
      if (outcome === undefined) throw new Error('nothing came of a submission')
      if (outcome.kind === 'submitted') onId?.(outcome.id, null)
      return outcome
    },
    abandon,
  }
}

function holdMany(options: LocalOptions, pump: Pump, requests: readonly SubmitRequest[]): HeldSubmissions {
  const holder = identify(process.pid)
  if (holder === null) throw new Error('this process is not in /proc')
  const held = requests.map((request) => tryToPrepare(options, pump, request, holder))
  return {
    process: holder,
    go: async () => {
      const last = held.findLastIndex((one) => 'job' in one)
      const outcomes = held.map((one, i): SubmitOutcome => {
        if ('kind' in one) return one
        try {
          publish(one, options.now(), i === last)
          return submitted(one.name, null)
        } catch (error) {
          const stderr = String(error)
          return existsSync(join(one.job, 'submitted'))
            ? { kind: 'unknown', stdout: '', stderr, exitCode: null }
            : { kind: 'refused', stdout: '', stderr, exitCode: null }
        }
      })
      const warning = outcomes.some(({ kind }) => kind === 'submitted') ? await pumpHome(pump) : null
      return outcomes.map((one) => (one.kind === 'submitted' ? submitted(one.id, warning) : one))
    },
    abandon: async () => {
      for (const one of held) if ('job' in one) withdraw(one)
    },
  }
}

/** A submission that lies ready, or why there is none. */
function tryToPrepare(
  options: LocalOptions,
  { home }: Pump,
  request: SubmitRequest,
  holder: ProcessIdentity,
): (Prepared & { readonly name: SchedulerJobId }) | Extract<SubmitOutcome, { kind: 'refused' }> {
  const refusal = (stderr: string): Extract<SubmitOutcome, { kind: 'refused' }> => ({
    kind: 'refused',
    stdout: '',
    stderr,
    exitCode: null,
  })
  const array = request.array === null ? null : readArraySpec(request.array)
  if (request.array !== null && array === null) return refusal(`not an array of tasks: ${request.array}\n`)
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(request.name)) throw new Error(`not a job name: ${request.name}`)
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    setLimits(home, options.capacity)
    const prepared = prepare(home, request, array, holder, options.now())
    return { ...prepared, name: request.name as SchedulerJobId }
  } catch (error) {
    return refusal(String(error))
  }
}

function submitted(id: SchedulerJobId, warning: string | null): SubmitOutcome {
  const stderr = warning === null ? '' : `${warning}\n`
  return { kind: 'submitted', id, cluster: null, stdout: `Submitted job ${id}\n`, stderr, exitCode: 0 }
}

function setLimits(home: string, { cpus, memory, gpus }: Capacity): void {
  const files = [
    ['limit', `${Math.max(1, Math.floor(cpus))}\n`],
    ['capacity', `${Math.floor(memory / 1024 ** 2)} ${gpus}\n`],
  ] as const
  for (const [name, text] of files) {
    const path = join(home, name)
    if (readIfThere(path) !== text) writeDurably(path, text)
  }
}

/** What is kept of the last look: whoever waits looks again and again. */
interface LastLook {
  /** What was read of jobs that were not over, and of arrays, by their folders. */
  known: ReadonlyMap<string, KnownJob>
  /** When a pump last looked after others. */
  pumped: EpochSeconds
}

/** Seconds between two such pumps. */
const pumpingRests = 1

async function look(
  options: LocalOptions,
  pump: Pump,
  before: LastLook,
  jobs: readonly JobReference[],
): Promise<Look> {
  const now = options.now()
  const accounting = {
    answered: false,
    why: 'off',
    message: 'the embedded scheduler keeps no accounting',
  } as const
  const rows: Row[] = []
  const unheard = new Map<SchedulerJobId, Silence>()
  const read = new Map<string, KnownJob>()
  for (const job of jobs) {
    try {
      const known = before.known.get(job.folder) ?? {}
      const own = rowsOf(job, now, known)
      if (known.ends?.size !== 1) read.set(job.folder, known)
      for (const row of own) rows.push(row)
      if (own.length > 0 && own.every((row) => hasRead(row, now))) forgetCommand(jobFolder(job.folder))
    } catch (error) {
      // Its folder is there and cannot be read: nothing can be said, least of all that the job does not exist.
      unheard.set(job.id, { answered: false, why: 'failed', message: String(error) })
    }
  }
  before.known = read
  // Should a pump have been killed at its work, this one goes on with it.
  if (Math.abs(now - before.pumped) >= pumpingRests && rows.some((row) => row.state === 'PENDING')) {
    before.pumped = now
    await pumpHome(pump, false)
  }
  return { queue: { answered: true, rows, unheard }, accounting }
}

/** Payloads read their files within a moment, or never. Seconds. */
const readingTime = 60

/** Whether a task needs its command and environment no more. */
function hasRead(row: Row, now: EpochSeconds): boolean {
  const lost = row.state === 'LOST' && row.started !== null && now - row.started > readingTime
  return lost || phaseOf(row.state) === 'over'
}

function findToken(token: string, folder: string): TokenSearch {
  const job = jobFolder(folder)
  try {
    const description = readDescription(job)
    const published = submittedAt(job)
    if (description === null || description.token !== token || published === null) return { kind: 'absent' }
    return {
      kind: 'found',
      id: description.name as SchedulerJobId,
      cluster: null,
      submittedAt: published.at,
    }
  } catch (error) {
    return { kind: 'unanswered', message: String(error) }
  }
}
