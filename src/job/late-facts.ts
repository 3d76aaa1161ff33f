import type { JobId } from '../contract/ids.ts'
import { addNote } from '../dataset/notes.ts'
import { pythonJson } from '../provenance/python-json.ts'
import type { Context } from './context.ts'
import { observe } from './observe.ts'
import { recordedFacts } from './finish/record.ts'
import type { Report } from './report.ts'
import { jobFacts } from './select.ts'

/** Accounting that has said nothing for this long will say nothing any more. Seconds. */
const hopeless = 14 * 86_400

/**
 * Asks accounting once more about records that were made before it had its last word. What it says goes to the ledger
 * and into a git note beside the record: a commit, once made, is not changed. `justAsked`: what was waited for a moment
 * ago in vain. Call with finish's lease held: git's notes know no two writers.
 */
export async function addLateFacts(
  context: Context,
  report: (report: Report) => void,
  justAsked: ReadonlySet<JobId> = new Set(),
): Promise<void> {
  const late = context.ledger.awaitingFacts().filter((job) => !justAsked.has(job.id))
  if (late.length > 0) await noteFacts(context, late, report)
}

async function noteFacts(
  context: Context,
  waiting: ReturnType<Context['ledger']['awaitingFacts']>,
  report: (report: Report) => void,
): Promise<void> {
  const seen = await observeRecorded(context, waiting)
  for (const job of waiting) {
    const evidence = seen.get(job.id)
    if (evidence?.accounting === 'complete' && job.commit !== null) {
      const text = `${pythonJson({ accounting: 'complete', ...recordedFacts(evidence.facts) })}\n`
      const noted = await addNote(context.dataset, job.commit, text)
      if (!noted.ok) {
        report({
          action: 'note',
          status: 'error',
          path: '.',
          type: 'dataset',
          note: noted.failure,
          facts: jobFacts(job),
        })
        continue
      }
      context.ledger.change(job.id, context.now(), 'late-facts', { observed: evidence }, evidence.facts)
      context.ledger.gotFacts(job.id)
    } else if (context.now() - (job.endedAt ?? job.createdAt) > hopeless) context.ledger.gotFacts(job.id)
  }
}

async function observeRecorded(
  context: Context,
  jobs: ReturnType<Context['ledger']['awaitingFacts']>,
): Promise<ReadonlyMap<number, NonNullable<(typeof jobs)[number]['observed']>>> {
  const seen = await observe(context, jobs, 'facts', 'only-look')
  return new Map(
    seen.flatMap(({ job, evidence }) => (evidence === null ? [] : [[job.id, evidence] as const])),
  )
}
