import { conclude, type Conclusion } from '../pipes/conclude.ts'
import type { PipesEvent } from '../pipes/event.ts'
import type { Json } from '../provenance/python-json.ts'
import { withChecksApart } from './checks/check-ends.ts'
import type { Context, Job } from './context.ts'
import type { Evidence, Verdict } from './evidence.ts'
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
  const isWell = evidence.groups.every(({ state }) => state === 'COMPLETED')
  if (!isWell || conclusionOf(context, job).outcome === 'ok')
    return { verdict: { kind: 'ended', how: isWell ? 'completed' : 'failed' }, evidence }
  const groups = evidence.groups.map((group) => ({ ...group, state: 'FAILED' }))
  return { verdict: { kind: 'ended', how: 'failed' }, evidence: { ...evidence, groups } }
}

/** What the payload of an ended job said amounts to, as far as it was read and its exit code does not say more. */
export function conclusionOf(context: Context, job: Job): Conclusion {
  return conclude(saidBy(context, job), { code: 0, signal: null })
}

/** What a record says of what its payload reported: data version and metadata of the newest attempt. */
export function reportedBy(context: Context, job: Job): { readonly [key: string]: Json } {
  if (job.spec.asset === undefined) return {}
  const said = saidBy(context, job)
  const newest = ofNewestAttempt(said)
  const made = newest.filter((event) => event.kind === 'materialization')
  const version = made.findLast(({ dataVersion }) => dataVersion !== null)?.dataVersion
  // No prototype: a payload may call a value `__proto__`.
  const metadata = Object.assign(Object.create(null), ...made.map((one) => one.metadata)) as {
    readonly [name: string]: Json
  }
  const size = Buffer.byteLength(JSON.stringify(metadata))
  return {
    ...(version == null ? {} : { data_version: version }),
    ...(Object.keys(metadata).length === 0
      ? {}
      : size > mostMetadata
        ? { metadata_bytes: size }
        : { metadata: { ...metadata } }),
  }
}

function saidBy(context: Context, job: Job): readonly PipesEvent[] {
  return [...heardFrom(context, job)].flatMap(({ event }) => (event.ofCheck === undefined ? [event] : []))
}
