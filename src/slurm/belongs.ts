import type { EpochSeconds } from '../contract/ids.ts'
import type { JobReference } from '../contract/scheduler.ts'

/**
 * A submission is noted when sbatch comes back, which may be after Slurm's own submit time by as long as a slow
 * controller takes, on a clock of its own. No cluster comes round to an id again within this time.
 */
const slack: EpochSeconds = 300

/** Whether what a witness says about an id is about this job, and not about another that had or got the same id. */
export function belongs(
  job: JobReference,
  seen: { readonly submitted: EpochSeconds | null; readonly words: string },
): boolean {
  const token = tokenIn(seen.words)
  if (token !== null) return token === job.token
  return seen.submitted === null || seen.submitted >= job.submittedAt - slack
}

/** The token of Waybill's in a job's comment, or in the line that submitted it. */
export function tokenIn(words: string): string | null {
  return /(?:^|--comment=)waybill:([a-z0-9]+)/.exec(words)?.[1] ?? null
}
