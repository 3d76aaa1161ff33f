import { readdirSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { compactIndices } from '../contract/index-set.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import type { JobReference, Row } from '../contract/scheduler.ts'
import { identify, liveness } from '../process/identity.ts'
import { jobFolder, taskFile, taskKey } from './layout.ts'
import { isThere, parseEnd, parseProcess, parseStart, readIfThere } from './markers.ts'
import type { EndMarker } from './markers.ts'
import { submittedAt, type JobDescription } from './submission.ts'

/**
 * What a job's markers say, one row a task; tasks that never started stand in one row together. No rows: never
 * submitted, or its folder is gone. States are Slurm's, and `LOST`: it started and nobody is left to tell how it
 * ended. A task on another host is RUNNING by its start marker until its end marker comes. What is `known` is not read, and what is read is added to it.
 */
export function rowsOf(reference: JobReference, now: EpochSeconds, known: KnownJob = {}): readonly Row[] {
  const job = jobFolder(reference.folder)
  const isKnown = known.submission !== undefined && isThere(join(job, 'submitted'))
  const submission = isKnown ? known.submission : readSubmission(job)
  if (submission == null) return []
  known.submission = submission
  const { description, submitted } = submission
  // Before the markers: a cancel that comes while we read is for the next look.
  const cancelled = isThere(join(job, 'cancel')) ? readIfThere(join(job, 'cancel')) : null
  const isPresent = presence(job, description)
  const ends = (known.ends ??= new Map())
  const common = {
    job: reference.id,
    cluster: null,
    task: null,
    folded: null,
    component: null,
    submitted,
    user: reference.user,
    facts: { name: description.name, work_dir: description.work_dir },
  }
  const tasks = description.array?.indices ?? [null]
  const rows: Row[] = []
  const waiting: (number | null)[] = []
  let running = 0
  for (const task of tasks) {
    const end = ends.get(task)
    if (end !== undefined) {
      rows.push(end)
      continue
    }
    if (!isPresent(`${taskKey(task)}.start`)) {
      waiting.push(task)
      continue
    }
    const ended = isPresent(`${taskKey(task)}.end`) ? endOf(job, task) : null
    const seen = ended ?? startedTask(job, task, isPresent, now)
    if (seen.state === 'RUNNING') running += 1
    const stdout = taskFile(job, task, 'log')
    const row = { ...common, ...seen, task, facts: { ...common.facts, ...seen.facts, stdout } }
    if (ended !== null) ends.set(task, row)
    rows.push(row)
  }
  if (waiting.length === 0) return rows
  const limit = description.array?.limit ?? null
  const folded = description.array === null ? null : compactIndices(waiting.map(Number))
  const rest =
    cancelled === null
      ? { state: 'PENDING', reason: waitsFor(description, limit !== null && running >= limit), ended: null }
      : { state: 'CANCELLED', reason: null, ended: Number.parseFloat(cancelled) || null }
  return [...rows, { ...common, ...rest, folded, exit: null, started: null }]
}

/** What was submitted, or null: nothing was. Throws when it is there and cannot be read. */
function readSubmission(job: string): Submission | null {
  const description = readDescription(job)
  const submitted = submittedAt(job)
  return description === null || submitted === null ? null : { description, submitted: submitted.at }
}

/** Whether there are files of these names, of the tasks: of very many by one look, which of one would cost more. */
function presence(job: string, { array }: JobDescription): (name: string) => boolean {
  if (array === null) return (name) => isThere(join(job, 't', name))
  const present = new Set(readdirSync(join(job, 't')))
  return (name) => present.has(name)
}

/** Reads a job's description, or null when the folder holds none. Throws when it is there and cannot be read. */
export function readDescription(job: string): JobDescription | null {
  const text = readIfThere(join(job, 'job.json'))
  if (text === null) return null
  try {
    return JSON.parse(text) as JobDescription
  } catch {
    // Torn: its holder died while writing, so nothing was submitted.
    return null
  }
}

function waitsFor(description: JobDescription, full: boolean): string {
  if (description.host !== hostname()) return `OnHost:${description.host}`
  return full ? 'JobArrayTaskLimit' : 'Resources'
}

type Seen = Pick<Row, 'state' | 'reason' | 'exit' | 'started' | 'ended' | 'facts'>

interface Submission {
  readonly description: JobDescription
  readonly submitted: EpochSeconds | null
}

/** What was read of a job and stays as it is: what was submitted, and rows of its tasks whose end markers were whole. */
export interface KnownJob {
  submission?: Submission
  ends?: Map<number | null, Row>
}

function startedTask(
  job: string,
  task: number | null,
  isPresent: (name: string) => boolean,
  now: EpochSeconds,
): Seen {
  const start = parseStart(readIfThere(taskFile(job, task, 'start')) ?? '')
  const unknown = { reason: null, exit: null, started: start?.started ?? null, ended: null, facts: {} }
  if (start === null) {
    const end = endOf(job, task)
    if (end !== null) return end
    if (isBeingWritten(taskFile(job, task, 'start'), now)) return { ...unknown, state: 'RUNNING' }
    return { ...unknown, state: 'LOST', reason: 'TornMarker' }
  }
  const running = { ...unknown, state: 'RUNNING', facts: { elapsed_seconds: since(start.started, now) } }
  switch (liveness(start.watcher)) {
    case 'elsewhere':
      return { ...running, reason: `OnHost:${start.watcher.host}` }
    case 'alive':
      return running
    case 'dead': {
      const payload = parseProcess(readIfThere(taskFile(job, task, 'payload')) ?? '', start.watcher.host)
      if (payload !== null && liveness(payload) === 'alive') return { ...running, reason: 'WatcherGone' }
      // Both are gone now, but the watcher may have told the end since it was looked for.
      const end = endOf(job, task)
      if (end !== null) return end
      if (readIfThere(taskFile(job, task, 'cancel')) !== null) return { ...unknown, state: 'CANCELLED' }
      if (isPresent(`${taskKey(task)}.end`)) return { ...unknown, state: 'LOST', reason: 'TornMarker' }
      const rebooted = identify(process.pid)?.boot !== start.watcher.boot
      return rebooted ? { ...unknown, state: 'NODE_FAIL', reason: 'Reboot' } : { ...unknown, state: 'LOST' }
    }
  }
}

/** Seconds within which a start marker, which its writer makes before it writes it, is whole. */
const writingTime = 5

function isBeingWritten(marker: string, now: EpochSeconds): boolean {
  const written = statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return now - written / 1000 < writingTime
}

function endOf(job: string, task: number | null): Seen | null {
  const text = readIfThere(taskFile(job, task, 'end'))
  if (text === null) return null
  const end = parseEnd(text)
  // It is being written, or whoever wrote it is gone.
  if (end === null) return null
  return {
    state: end.state,
    reason: reasonOf(end),
    exit: { code: end.code, signal: end.signal },
    started: end.started,
    ended: end.ended,
    facts: {
      elapsed_seconds: since(end.started, end.ended),
      ...(end.cpuSeconds === null ? {} : { cpu_seconds: end.cpuSeconds }),
    },
  }
}

function reasonOf(end: EndMarker): string | null {
  if (end.state !== 'FAILED') return null
  return end.signal === 0 ? 'NonZeroExitCode' : 'RaisedSignal'
}

function since(from: EpochSeconds, to: EpochSeconds): number {
  return Math.max(0, Math.round((to - from) * 1000) / 1000)
}
