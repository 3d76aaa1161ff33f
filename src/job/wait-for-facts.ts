import type { Context } from './context.ts'
import type { EndedJob } from './finish/ended.ts'
import { factsWait } from './facts-wait.ts'
import { observe } from './observe.ts'

/** Seconds between looks at accounting: it is mostly 0.2 s behind, and busy databases are not helped by haste. */
const spacing = [0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2]

/**
 * Asks accounting, until a given time, about jobs that are over but not yet fully accounted for: again after a look that has
 * asked it just now, else at once, whatever the time.
 */
export async function waitForFacts(
  context: Context,
  jobs: readonly EndedJob[],
  note: 'note' | 'only-look' = 'note',
  asked = true,
  until = context.now() + factsWait(context),
): Promise<readonly EndedJob[]> {
  let known = jobs
  for (const wait of [...(asked ? [] : [0]), ...spacing, ...Array<number>(60).fill(3.2)]) {
    const late = known.filter(({ evidence }) => evidence.accounting === 'pending')
    if (late.length === 0 || (wait > 0 && context.now() + wait > until)) break
    context.progress({ kind: 'waiting-for-accounting', jobs: late.length })
    if (wait > 0) await context.sleep(wait)
    // The queue has told the ends: it is not asked again for what accounting alone knows.
    const seen = await observe(
      context,
      late.map(({ job, evidence }) => ({ ...job, observed: evidence })),
      { depth: 'facts', factsWait: until - context.now(), maxAge: factsWait(context) },
      note,
    )
    const byJob = new Map(seen.map((one) => [one.job.id, one]))
    known = known.map((one) => {
      const now = byJob.get(one.job.id)
      return now?.verdict.kind === 'ended' && now.evidence !== null ? { ...one, evidence: now.evidence } : one
    })
  }
  return known
}
