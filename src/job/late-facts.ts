import type { JobId } from '../contract/ids.ts'
import { addNote } from '../dataset/notes.ts'
import { pythonJson } from '../provenance/python-json.ts'
import type { Context, Job } from './context.ts'
import { inPieces, oneByOne } from './in-pieces.ts'
import { lookAt, type ObservedJob } from './observe.ts'
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
  const late = context.ledger.awaitingFacts().filter((job) => !justAsked.has(job))
  if (late.length === 0) return
  const waiting = inPieces(context, late)
  const sight = await lookAt(context, oneByOne(waiting), 'facts')
  for (const jobs of waiting) await noteFacts(context, jobs, sight(jobs, 'only-look'), report)
}

async function noteFacts(
  context: Context,
  waiting: readonly Job[],
  seen: readonly ObservedJob[],
  report: (report: Report) => void,
): Promise<void> {
  const byJob = new Map(seen.map(({ job, evidence }) => [job.id, evidence]))
  for (const job of waiting) {
    const evidence = byJob.get(job.id)
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
