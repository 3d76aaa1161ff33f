import type { Context } from './context.ts'
import type { EndedJob } from './ended.ts'
import { observe } from './observe.ts'

/** Seconds between looks at accounting: it is mostly 0.2 s behind, and busy databases are not helped by haste. */
const spacing = [0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2]

/** How long a record waits for accounting's last word: `WAYBILL_FACTS_WAIT` in seconds (default 10, 0: not at all). */
function patience(context: Context): number {
  const given = Number(context.env['WAYBILL_FACTS_WAIT'] ?? '')
  return context.env['WAYBILL_FACTS_WAIT'] !== undefined && Number.isFinite(given) && given >= 0 ? given : 10
}

/** Asks accounting again, for a bounded time, about jobs that are over but not yet fully accounted for. */
export async function waitForFacts(
  context: Context,
  jobs: readonly EndedJob[],
): Promise<readonly EndedJob[]> {
  const until = context.now() + patience(context)
  let known = jobs
  for (const wait of spacing.concat(Array<number>(60).fill(3.2))) {
    const late = known.filter(({ evidence }) => evidence.accounting === 'pending')
    if (late.length === 0 || context.now() + wait > until) break
    context.progress({ kind: 'waiting-for-accounting', jobs: late.length })
    await context.sleep(wait)
    const seen = await observe(
      context,
      late.map(({ job, evidence }) => ({ ...job, observed: evidence })),
      'facts',
    )
    known = known.map((one) => {
      const now = seen.find(({ job }) => job.id === one.job.id)
      return now?.verdict.kind === 'ended' && now.evidence !== null ? { ...one, evidence: now.evidence } : one
    })
  }
  return known
}
