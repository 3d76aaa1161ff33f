import { compactIndices, parseIndices } from '../contract/index-set.ts'
import { messagesFile } from '../launcher/folder.ts'
import { conclude, type Conclusion } from '../pipes/conclude.ts'
import type { PipesEvent } from '../pipes/event.ts'
import { readMessages, type Position } from '../pipes/read-messages.ts'
import type { Json } from '../provenance/python-json.ts'
import { payloadFolder, type Context, type Job } from './context.ts'
import type { Evidence, Group, Verdict } from './evidence.ts'

/** The name of the one file of messages of a task, as the ledger keeps it. */
const file = 'messages'

/** So many messages are read from the ledger at once. */
const atOnce = 1000

/** What so many tasks said is kept in one transaction. */
const tasksAtOnce = 100

/** Above this many bytes metadata stay in the ledger alone: a commit message is read by people too. */
const mostMetadata = 8192

/** What a look found out about a job. */
interface Weighed {
  readonly verdict: Verdict
  readonly evidence: Evidence
}

/**
 * What a payload said counts beside what its scheduler says: one that ended well, and said itself that it failed, has
 * failed. Its messages are read to their end for this, and kept.
 */
export function withOwnWord(context: Context, job: Job, weighed: Weighed): Weighed {
  const { verdict, evidence } = weighed
  if (job.spec.asset === undefined || verdict.kind !== 'ended') return weighed
  hearOut(context, job)
  if (evidence.groups.every(({ state }) => state !== 'COMPLETED')) return weighed
  const denied = new Set(
    [...conclusionsOf(context, job)].flatMap(([task, { outcome }]) => (outcome === 'ok' ? [] : [task])),
  )
  if (denied.size === 0) return weighed
  const groups = evidence.groups.flatMap((group) => withDenied(group, denied))
  return { verdict: { kind: 'ended', how: 'failed' }, evidence: { ...evidence, groups } }
}

/** A group of tasks without those that said that they failed, which make another. */
function withDenied(group: Group, denied: ReadonlySet<number>): readonly Group[] {
  if (group.state !== 'COMPLETED') return [group]
  if (group.parts === '') return [{ ...group, state: 'FAILED' }]
  const { true: bad = [], false: good = [] } = Object.groupBy(parseIndices(group.parts), (task) =>
    denied.has(task) ? 'true' : 'false',
  )
  return [
    ...(good.length === 0 ? [] : [{ ...group, parts: compactIndices(good) }]),
    ...(bad.length === 0 ? [] : [{ ...group, state: 'FAILED', parts: compactIndices(bad) }]),
  ]
}

/**
 * What the payloads of an ended job said amounts to, by task (0: a job that is no array), as far as it was read and exit
 * codes do not say more. Of one that said nothing there is nothing.
 */
export function conclusionsOf(context: Context, job: Job): ReadonlyMap<number, Conclusion> {
  const said = [...saidBy(context, job)]
  return new Map(said.map(([task, events]) => [task, conclude(events, { code: 0, signal: null })]))
}

/** What one payload reported: data version, metadata and checks of its newest attempt. */
interface Reported {
  readonly version: string | null
  readonly metadata: { readonly [name: string]: Json }
  readonly checks: readonly { readonly [name: string]: Json }[]
}

/**
 * What a record says of what its payloads reported. Of an array's tasks (null: all) by key: data versions and metadata as
 * objects, checks with the key beside them.
 */
export function reportedBy(
  context: Context,
  job: Job,
  tasks: string | null,
): { readonly [key: string]: Json } {
  const { asset, parts } = job.spec
  if (asset === undefined) return {}
  const said = saidBy(context, job)
  if (parts.kind !== 'array') {
    const events = said.get(0)
    if (events === undefined) return {}
    const { version, metadata, checks } = reportedIn(events)
    return reportJson(version, metadata, checks)
  }
  const wanted = tasks === null ? null : new Set(parseIndices(tasks))
  const byKey = [...said].flatMap(([task, events]): readonly (readonly [string, Reported])[] => {
    const key = asset.keys?.[task]
    const isMeant = key !== undefined && (wanted === null || wanted.has(task))
    return isMeant ? [[key, reportedIn(events)]] : []
  })
  const versions = byKey.flatMap(([key, { version }]) => (version === null ? [] : [[key, version] as const]))
  const metadata = byKey.flatMap(([key, own]) =>
    Object.keys(own.metadata).length === 0 ? [] : [[key, { ...own.metadata }] as const],
  )
  return reportJson(
    versions.length === 0 ? null : bare(versions),
    bare(metadata),
    byKey.flatMap(([key, { checks }]) => checks.map((check) => ({ key, ...check }))),
  )
}

function reportJson(
  version: Json,
  metadata: { readonly [name: string]: Json },
  checks: readonly Json[],
): { readonly [key: string]: Json } {
  const size = Buffer.byteLength(JSON.stringify(metadata))
  return {
    ...(version === null ? {} : { data_version: version }),
    ...(Object.keys(metadata).length === 0
      ? {}
      : size > mostMetadata
        ? { metadata_bytes: size }
        : { metadata: { ...metadata } }),
    ...(checks.length === 0 ? {} : { checks }),
  }
}

function reportedIn(said: readonly PipesEvent[]): Reported {
  const newest = said.slice(said.findLastIndex(({ kind }) => kind === 'attempt') + 1)
  const made = newest.filter((event) => event.kind === 'materialization')
  return {
    version: made.findLast(({ dataVersion }) => dataVersion !== null)?.dataVersion ?? null,
    metadata: Object.assign(bare([]), ...made.map((one) => one.metadata)) as Reported['metadata'],
    checks: newest
      .filter((event) => event.kind === 'check')
      .map(({ checkName, passed, severity }) => ({ name: checkName, passed, severity })),
  }
}

/** An object without a prototype: a payload may call a value, and a list a key, `__proto__`. */
function bare(entries: Iterable<readonly [string, Json]>): { readonly [name: string]: Json } {
  const object = Object.create(null) as { [name: string]: Json }
  for (const [name, value] of entries) object[name] = value
  return object
}

/** Reads what was not read yet of the messages of a job that is over, and keeps it in the ledger. */
function hearOut(context: Context, job: Job): void {
  const { parts } = job.spec
  const tasks = parts.kind === 'array' ? parseIndices(parts.indices) : [0]
  const positions = context.ledger.positionsOf(job.id).filter((one) => one.file === file)
  const known = new Map(positions.map(({ task, position }) => [task, position as Position]))
  const [only] = tasks
  // What a single one said may be long, and others want to write meanwhile.
  if (tasks.length === 1 && only !== undefined) return hearTask(context, job, only, known.get(only) ?? null)
  for (let i = 0; i < tasks.length; i += tasksAtOnce) {
    context.ledger.transaction(() => {
      for (const task of tasks.slice(i, i + tasksAtOnce))
        hearTask(context, job, task, known.get(task) ?? null)
    })
  }
}

function hearTask(context: Context, job: Job, task: number, known: Position | null): void {
  const path = messagesFile(payloadFolder(context, job.token), task)
  let from = known
  try {
    for (const { events, position: to } of readMessages(path, from, true)) {
      const read = { job: job.id, task, file, from, to, at: context.now(), events }
      // Somebody else reads them just now: the same will be kept.
      if (!context.ledger.keepMessages(read)) return
      from = to
    }
  } catch (error) {
    // Another user's: what it said is not ours to read.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
  }
}

/** What each task said that counts at the end; log lines do not. */
function saidBy(context: Context, job: Job): ReadonlyMap<number, readonly PipesEvent[]> {
  const said = new Map<number, PipesEvent[]>()
  for (let after = 0; ;) {
    const messages = context.ledger.messagesOf(job.id, after, atOnce)
    for (const { task, event } of messages) {
      const events = said.get(task) ?? []
      said.set(task, events)
      if ((event as PipesEvent).kind !== 'log') events.push(event as PipesEvent)
    }
    const last = messages.at(-1)
    if (last === undefined || messages.length < atOnce) return said
    after = last.n
  }
}
