import type { JobReference, ReleaseOutcome } from '../contract/scheduler.ts'
import { pieces } from './accounting.ts'
import { failureLine } from './failure.ts'
import { query, type QuerySettings } from './query.ts'

/** Lets jobs of one cluster go that were submitted with `--hold`: all in one call, or a few when they are very many. */
export async function releaseJobs(
  settings: QuerySettings,
  jobs: readonly JobReference[],
  cluster: string | null,
): Promise<ReleaseOutcome> {
  const where = cluster === null ? [] : ['-M', cluster]
  for (const ids of pieces(jobs.map(({ id }) => id))) {
    const answer = await query(settings, 'scontrol', [...where, 'release', ids])
    if (!answer.ok) return { kind: 'failed', message: failureLine(answer.failure) }
  }
  return { kind: 'released' }
}
