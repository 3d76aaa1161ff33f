import { compactIndices, parseIndices } from '../contract/index-set.ts'
import { conclude, type Conclusion } from '../pipes/conclude.ts'
import type { PipesEvent } from '../pipes/event.ts'
import type { Json } from '../provenance/python-json.ts'
import { withChecksApart } from './checks/check-ends.ts'
import type { Context, Job } from './context.ts'
import type { Evidence, Group, Verdict } from './evidence.ts'
import { hearOut, heardFrom, ofNewestAttempt } from './hear.ts'

/** Above this many bytes metadata stay in the ledger alone: a commit message is read by people too. */
const mostMetadata = 8192

/** What a look found out about a job. */
interface Weighed {
  readonly verdict: Verdict
  readonly evidence: Evidence
}

/**
 * What a payload said counts beside what its scheduler says: one that ended well, and said itself that it failed, has
 * failed; one that ended well before its job failed with a check has not. Its messages are read to their end for this, and
 * kept.
 */
export function withOwnWord(context: Context, job: Job, weighed: Weighed): Weighed {
  if (job.spec.asset === undefined || weighed.verdict.kind !== 'ended') return weighed
  hearOut(context, job)
  const evidence = withChecksApart(context, job, weighed.evidence)
  if (evidence.groups.every(({ state }) => state !== 'COMPLETED')) return weighed
  const denied = new Set(
    [...conclusionsOf(context, job)].flatMap(([task, { outcome }]) => (outcome === 'ok' ? [] : [task])),
  )
  const isWell = evidence.groups.every(({ state }) => state === 'COMPLETED')
  if (denied.size === 0) return { verdict: { kind: 'ended', how: isWell ? 'completed' : 'failed' }, evidence }
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

/** What one payload reported of what it made, in its newest attempt. */
interface Reported {
  readonly version: string | null
  readonly metadata: { readonly [name: string]: Json }
}

/**
 * What a record says of what its payloads reported: data versions and metadata. Of an array's tasks (null: all) by key.
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
    const { version, metadata } = reportedIn(events)
    return reportJson(version, metadata)
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
  return reportJson(versions.length === 0 ? null : bare(versions), bare(metadata))
}

function reportJson(
  version: Json,
  metadata: { readonly [name: string]: Json },
): { readonly [key: string]: Json } {
  const size = Buffer.byteLength(JSON.stringify(metadata))
  return {
    ...(version === null ? {} : { data_version: version }),
    ...(Object.keys(metadata).length === 0
      ? {}
      : size > mostMetadata
        ? { metadata_bytes: size }
        : { metadata: { ...metadata } }),
  }
}

function reportedIn(said: readonly PipesEvent[]): Reported {
  const newest = ofNewestAttempt(said)
  const made = newest.filter((event) => event.kind === 'materialization')
  return {
    version: made.findLast(({ dataVersion }) => dataVersion !== null)?.dataVersion ?? null,
    metadata: Object.assign(bare([]), ...made.map((one) => one.metadata)) as Reported['metadata'],
  }
}

/** An object without a prototype: a payload may call a value, and a list a key, `__proto__`. */
function bare(entries: Iterable<readonly [string, Json]>): { readonly [name: string]: Json } {
  const object = Object.create(null) as { [name: string]: Json }
  for (const [name, value] of entries) object[name] = value
  return object
}

/** What the payload of each task said that counts at the end; log lines do not. */
function saidBy(context: Context, job: Job): ReadonlyMap<number, readonly PipesEvent[]> {
  const said = new Map<number, PipesEvent[]>()
  for (const { task, event } of heardFrom(context, job)) {
    if (event.ofCheck !== undefined) continue
    const events = said.get(task) ?? []
    said.set(task, events)
    if (event.kind !== 'log') events.push(event)
  }
  return said
}
