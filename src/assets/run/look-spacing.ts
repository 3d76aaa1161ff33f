import type { EpochSeconds } from '../../contract/ids.ts'
import type { Job } from '../../job/context.ts'

/** Between two looks lie so many seconds at least, and at most. */
interface Limits {
  readonly least: number
  readonly most: number
}

/**
 * A scheduler on this machine costs nobody anything; of Slurm's controller an hour asks for less than sixty, and a short job
 * is not asked about before it tells of itself. `woken`: the least after a marker, which a job leaves a moment before its
 * scheduler takes it for over.
 */
const limits = {
  local: { woken: 0.02, least: 0.02, most: 0.5 },
  slurm: { woken: 0.02, least: 0.25, most: 100 },
} as const

/** How far apart looks at these jobs may be. */
export function spacingOf(jobs: readonly Job[]): (typeof limits)[Job['scheduler']] {
  return jobs.every(({ scheduler }) => scheduler === 'local') ? limits.local : limits.slurm
}

/**
 * Seconds until the next look while no marker wakes: half of the time since the last news, which are the submission of the
 * youngest job, a marker, and that the scheduler does not answer any more. It is asked again soon after it fell silent.
 */
export function untilNextLook(
  now: EpochSeconds,
  news: readonly EpochSeconds[],
  { least, most }: Limits,
): number {
  return Math.min(most, Math.max(least, (now - Math.max(...news)) / 2))
}
