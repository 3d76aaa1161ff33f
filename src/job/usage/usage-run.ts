import { parseIndices } from '../../contract/index-set.ts'
import type { CommitId, EpochSeconds } from '../../contract/ids.ts'
import type { JobFacts } from '../../contract/job-facts.ts'
import type { LoggedCommit } from '../../dataset/log.ts'
import { readMessage } from '../../provenance/message.ts'
import type { Json } from '../../provenance/python-json.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Metrics } from '../metrics.ts'
import {
  asObject,
  readFacts,
  readIso,
  recordedMetrics,
  withNote,
  type JsonObject,
} from '../recorded-facts.ts'

/** One record, or one open job that has ended, as usage counts it. */
export interface UsageRun {
  /** What it has in common with jobs like it: its asset, else its script, else its command. */
  readonly like: string
  readonly asset: string | null
  /** The key of its asset's partition. */
  readonly key: string | null
  readonly account: string | null
  readonly cluster: string | null
  /** The author of the record's commit; of an open job its user. */
  readonly user: string | null
  /** When it ended; where that is not known, when it was recorded. */
  readonly at: EpochSeconds
  /** More than one where a command submitted several. */
  readonly jobs: number
  /** Tasks of an array; 1 of any other. */
  readonly parts: number
  /** All words for how its parts ended. */
  readonly states: readonly string[]
  /** Of the last attempts. */
  readonly facts: JobFacts
  /** Of each attempt before. */
  readonly earlier: readonly JobFacts[]
  readonly metrics: Metrics
  /** What its payload submitted, all together; `unreadable`: nobody could read what that was. */
  readonly children?: UsageRun | 'unreadable'
}

/** What is counted: what stands, or would stand, under `waybill` in a record, and what is known beside it. */
export interface UsageSource {
  readonly own: JsonObject
  readonly command: string
  readonly user: string
  readonly at: EpochSeconds
  /** Of a record. */
  readonly commit: CommitId | null
}

/** Reads a commit of the history; null: it holds no record of a job that has ended. */
export function sourceOfCommit(logged: LoggedCommit): UsageSource | null {
  const read = readMessage(logged.message)
  if (!read.ok || read.value.title === 'DATALAD SCHEDULE' || read.value.title === 'DATALAD RESCHEDULE')
    return null
  const { record } = read.value
  const { commit, author: user, committed } = logged
  if (typeof record === 'string') return { own: {}, command: read.value.text, user, at: committed, commit }
  const own = withNote(record.waybill ?? {}, logged.note ?? null)
  return { own, command: commandOf(record), user, at: readIso(own['ended']) ?? committed, commit }
}

/** Counts it. */
export function runOf({ own, command, user, at }: UsageSource): UsageRun {
  const asset = asObject(own['asset'])
  const name = text(asset['name'])
  const keys = texts(asset['keys'])
  const facts = readFacts(own)
  const jobs = Array.isArray(own['jobs']) ? own['jobs'].map((job: Json) => asObject(job)) : []
  const rows = [...texts(own['tasks']), ...jobs.flatMap((job) => texts(job['tasks']))]
  const run: UsageRun = {
    like: name ?? text(asObject(own['script'])['path']) ?? short(command),
    asset: name,
    key: keys.length === 1 ? (keys[0] ?? null) : null,
    account: text(own['account']),
    cluster: text(own['cluster']),
    user,
    at,
    jobs: Math.max(1, jobs.length),
    parts: facts.parts ?? Math.max(1, jobs.length, countOf(text(own['recorded_tasks']) ?? rows)),
    states: [text(own['state']) ?? '', ...rows, ...texts(own['step_states'])],
    facts,
    earlier: earlierOf(own).map((attempt) => ({ ...sizeOf(facts), ...readFacts(attempt) })),
    metrics: recordedMetrics(own),
  }
  const { children } = own
  if (children === undefined) return run
  return { ...run, children: children === null ? 'unreadable' : childrenOf(run, asObject(children)) }
}

/** They are counted with the asset that they were submitted for, and for the account that they say themselves. */
function childrenOf({ asset, key, account, user, at }: UsageRun, own: JsonObject): UsageRun {
  const count = own['count']
  const run = runOf({ own, command: '', user: user ?? '', at, commit: null })
  const jobs = typeof count === 'number' && count > run.jobs ? count : run.jobs
  return { ...run, asset, key, account: run.account ?? account, jobs, parts: Math.max(run.parts, jobs) }
}

/** All attempts but the last of each task, or job. */
function earlierOf(own: JsonObject): readonly JsonObject[] {
  const attempts = (Array.isArray(own['attempts']) ? own['attempts'] : []).map((one: Json) => asObject(one))
  const tasks = text(own['recorded_tasks'])
  const here = tasks === null ? null : new Set(indicesOf(tasks))
  const told = attempts.filter(({ task }) => here === null || typeof task !== 'number' || here.has(task))
  const byPart = Map.groupBy(told, ({ slurm_job_id: job, task }) => JSON.stringify([job, task]))
  return [...byPart.values()].flatMap((same) => same.slice(0, -1))
}

/** An attempt of before says how long it took; that it had as many nodes as the last is the best that is known. */
function sizeOf({ nodes, cores, gpus }: JobFacts): JobFacts {
  return {
    ...(nodes === undefined ? {} : { nodes }),
    ...(cores === undefined ? {} : { cores }),
    ...(gpus === undefined ? {} : { gpus }),
  }
}

/** How many tasks `0-97`, or rows such as `0-97 COMPLETED`, are. */
function countOf(rows: string | readonly string[]): number {
  return [rows].flat().reduce((sum, row) => sum + indicesOf(row.split(' ')[0] ?? '').length, 0)
}

function indicesOf(words: string): readonly number[] {
  try {
    return parseIndices(words)
  } catch {
    // A record is anybody's.
    return []
  }
}

function commandOf({ cmd }: RunRecord): string {
  return typeof cmd === 'string' ? cmd : cmd.join(' ')
}

function short(command: string): string {
  const characters = [...(command.split('\n')[0] ?? '')]
  return characters.length > 40 ? `${characters.slice(0, 40).join('')}…` : characters.join('')
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
