import type { CancelOutcome, JobReference } from '../contract/scheduler.ts'
import { failureLine } from './failure.ts'
import { query } from './query.ts'
import type { QuerySettings } from './query.ts'

/**
 * Asks to end jobs of one cluster, all in one call. An array ends with all its tasks, a heterogeneous job with all its
 * components. Outcomes are in the order of `jobs`.
 */
export async function cancelJobs(
  settings: QuerySettings,
  jobs: readonly JobReference[],
  cluster: string | null,
): Promise<readonly CancelOutcome[]> {
  if (jobs.length === 0) return []
  const where = cluster === null ? [] : ['-M', cluster]
  // Without -v it says nothing of jobs that are unknown or over.
  const answer = await query(settings, 'scancel', ['-v', ...where, ...jobs.map((job) => job.id)])
  const words = answer.ok ? answer.value.stderr : failureLine(answer.failure)
  const complaints = readComplaints(words)
  return jobs.map((job) => {
    const complaint = complaints.get(job.id)
    if (complaint !== undefined) return outcomeOf(complaint)
    return answer.ok ? { kind: 'asked' } : { kind: 'failed', message: words }
  })
}

/** Complaints of `scancel -v` by job id (of a task: by its array's). */
export function readComplaints(text: string): ReadonlyMap<string, string> {
  const lines = text.matchAll(/^scancel: error: Kill job error on job id (\d+)\S*: (.*)$/gm)
  return new Map([...lines].map(([, id = '', words = '']) => [id, words]))
}

function outcomeOf(complaint: string): CancelOutcome {
  const over = /already complet|already finished|Invalid job id/i.test(complaint)
  return over ? { kind: 'already-over' } : { kind: 'failed', message: complaint }
}
