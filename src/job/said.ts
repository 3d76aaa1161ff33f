import { messagesFile } from '../launcher/folder.ts'
import { conclude, type Conclusion } from '../pipes/conclude.ts'
import type { PipesEvent } from '../pipes/event.ts'
import { readMessages, type Position } from '../pipes/read-messages.ts'
import type { Json } from '../provenance/python-json.ts'
import { payloadFolder, type Context, type Job } from './context.ts'
import type { Evidence, Verdict } from './evidence.ts'

/** The name of the one file of messages of a task, as the ledger keeps it. */
const file = 'messages'

/** So many messages are read from the ledger at once. */
const atOnce = 1000

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
  if (verdict.how === 'failed' || conclusionOf(context, job).outcome === 'ok') return weighed
  const groups = evidence.groups.map((group) => ({ ...group, state: 'FAILED' }))
  return { verdict: { kind: 'ended', how: 'failed' }, evidence: { ...evidence, groups } }
}

/** What the payload of an ended job said amounts to, as far as it was read and its exit code does not say more. */
export function conclusionOf(context: Context, job: Job): Conclusion {
  return conclude(saidBy(context, job), { code: 0, signal: null })
}

/** What a record says of what its payload reported: data version, metadata and checks of the newest attempt. */
export function reportedBy(context: Context, job: Job): { readonly [key: string]: Json } {
  if (job.spec.asset === undefined) return {}
  const said = saidBy(context, job)
  const newest = said.slice(said.findLastIndex(({ kind }) => kind === 'attempt') + 1)
  const made = newest.filter((event) => event.kind === 'materialization')
  const version = made.findLast(({ dataVersion }) => dataVersion !== null)?.dataVersion
  // No prototype: a payload may call a value `__proto__`.
  const metadata = Object.assign(Object.create(null), ...made.map((one) => one.metadata)) as {
    readonly [name: string]: Json
  }
  const size = Buffer.byteLength(JSON.stringify(metadata))
  const checks = newest
    .filter((event) => event.kind === 'check')
    .map(({ checkName, passed, severity }) => ({ name: checkName, passed, severity }))
  return {
    ...(version == null ? {} : { data_version: version }),
    ...(Object.keys(metadata).length === 0
      ? {}
      : size > mostMetadata
        ? { metadata_bytes: size }
        : { metadata: { ...metadata } }),
    ...(checks.length === 0 ? {} : { checks }),
  }
}

/** Reads what was not read yet of the messages of a job that is over, and keeps it in the ledger. */
function hearOut(context: Context, job: Job): void {
  const path = messagesFile(payloadFolder(context, job.token), 0)
  const known = context.ledger.positionsOf(job.id).find((one) => one.task === 0 && one.file === file)
  let from = (known?.position ?? null) as Position | null
  try {
    for (const { events, position: to } of readMessages(path, from, true)) {
      const read = { job: job.id, task: 0, file, from, to, at: context.now(), events }
      // Somebody else reads them just now: the same will be kept.
      if (!context.ledger.keepMessages(read)) return
      from = to
    }
  } catch (error) {
    // Another user's: what it said is not ours to read.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
  }
}

function saidBy(context: Context, job: Job): readonly PipesEvent[] {
  const said: PipesEvent[] = []
  for (let after = 0; ;) {
    const messages = context.ledger.messagesOf(job.id, after, atOnce)
    said.push(...messages.map(({ event }) => event as PipesEvent))
    const last = messages.at(-1)
    if (last === undefined || messages.length < atOnce) return said
    after = last.n
  }
}
