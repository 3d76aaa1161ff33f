import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { JobToken, SchedulerJobId } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { JobReference, Row, Scheduler, SubmitRequest } from '../contract/scheduler.ts'
import { liveness } from '../process/identity.ts'
import { homeOf, jobFolder, taskFile } from './layout.ts'
import { localScheduler } from './local.ts'
import { readIfThere } from './markers.ts'

/** A folder with an embedded scheduler in it, for tests. */
export interface Site {
  readonly dir: string
  readonly home: string
  readonly scheduler: Scheduler
  readonly request: (name: string, line: string, array?: string) => SubmitRequest
  readonly submit: (name: string, line: string, array?: string) => Promise<JobReference>
  readonly rows: (job: JobReference) => Promise<readonly Row[]>
  readonly whenOver: (job: JobReference) => Promise<readonly Row[]>
  /** The pid in one of a task's markers. */
  readonly pid: (job: JobReference, kind: 'start' | 'payload', task?: number) => number
  readonly remove: () => void
}

/** Makes a scheduler with so many slots in a folder with an odd name. */
export function makeSite(slots: number, graceSeconds = 30): Site {
  const dir = mkdtempSync(join(tmpdir(), "waybill local's-\n-"))
  const env = { PATH: process.env['PATH'] ?? '' }
  const now = (): number => Date.now() / 1000
  const home = homeOf(join(dir, 'state'), hostname(), userInfo().uid)
  const scheduler = localScheduler({
    folder: join(dir, 'state'),
    capacity: { cpus: slots, memory: 1024 ** 3, gpus: 2 },
    env,
    now,
    graceSeconds,
  })
  const request = (name: string, line: string, array?: string): SubmitRequest => {
    const folder = join(dir, 'jobs', name)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const token = `token-${name}` as JobToken
    return { token, name, words: [line], cwd: dir, env, stdinFile: null, folder, array: array ?? null }
  }
  const rows = async (job: JobReference): Promise<readonly Row[]> => {
    const look = await scheduler.look([job], { depth: 'states' })
    if (!look.queue.answered) throw new Error(look.queue.message)
    return look.queue.rows
  }
  return {
    dir,
    home,
    scheduler,
    request,
    submit: async (name, line, array) => {
      const asked = request(name, line, array)
      const outcome = await (await scheduler.hold(asked)).go()
      if (outcome.kind !== 'submitted') throw new Error(JSON.stringify(outcome))
      return referenceTo(asked)
    },
    rows,
    whenOver: async (job) =>
      eventually(`the end of ${job.id}`, async () => {
        const seen = await rows(job)
        const over = seen.length > 0 && seen.every((row) => phaseOf(row.state) === 'over')
        return over ? seen : null
      }),
    pid: (job, kind, task) => {
      const text = readFileSync(taskFile(jobFolder(job.folder), task ?? null, kind), 'utf8')
      return Number(/^(?:watcher )?(\d+) /m.exec(text)?.[1])
    },
    remove: () => {
      endAll(join(home, 'slots'))
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Ends what a failed test left running: the processes that the slots name, and no others. */
function endAll(slots: string): void {
  for (const slot of existsSync(slots) ? readdirSync(slots) : []) {
    // A slot may be given back, and its owner end, while we read.
    const owners = readIfThere(join(slots, slot)) ?? ''
    const host = hostname()
    for (const owner of owners.split('\n')) {
      const [who, pid = '', start, boot = ''] = owner.split(' ')
      if (start === undefined || liveness({ host, boot, pid: Number(pid), start }) !== 'alive') continue
      try {
        process.kill(who === 'payload' ? -Number(pid) : Number(pid), 'SIGKILL')
      } catch {
        continue
      }
    }
  }
}

/** How the ledger would name a submission. */
export function referenceTo(asked: SubmitRequest): JobReference {
  const id = asked.name as SchedulerJobId
  return {
    id,
    cluster: null,
    user: userInfo().username,
    submittedAt: 0,
    token: asked.token,
    folder: asked.folder,
  }
}

/** A named pipe in a folder: whoever reads it stands still until `openGate`. */
export function makeGate(dir: string, name = 'gate'): string {
  execFileSync('mkfifo', [join(dir, name)])
  return join(dir, name)
}

/** Resolves when somebody reads the gate; what it resolves to is closed to let all readers through. */
export async function reached(gate: string): Promise<{ close: () => Promise<void> }> {
  return open(gate, 'w')
}

/** Asks again until there is an answer; gives up after a minute. */
export async function eventually<T>(what: string, ask: () => T | null | Promise<T | null>): Promise<T> {
  for (let i = 0; i < 1200; i++) {
    const answer = await ask()
    if (answer !== null) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain for ${what}`)
}

/** The greatest number of jobs that ran at once, from a file to which each wrote `+` first and `-` last. */
export function mostAtOnce(path: string): number {
  let now = 0
  let most = 0
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    now += line.startsWith('+') ? 1 : -1
    most = Math.max(most, now)
  }
  return most
}
