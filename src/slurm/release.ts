import type { JobReference, ReleaseOutcome } from '../contract/scheduler.ts'
import { failureLine } from './failure.ts'
import { query, type QuerySettings } from './query.ts'

/** Lets jobs of one cluster go that were submitted with `--hold`, all in one call. */
export async function releaseJobs(
  settings: QuerySettings,
  jobs: readonly JobReference[],
  cluster: string | null,
): Promise<ReleaseOutcome> {
  if (jobs.length === 0) return { kind: 'released' }
  const where = cluster === null ? [] : ['-M', cluster]
  const answer = await query(settings, 'scontrol', [...where, 'release', jobs.map(({ id }) => id).join(',')])
  return answer.ok ? { kind: 'released' } : { kind: 'failed', message: failureLine(answer.failure) }
}
