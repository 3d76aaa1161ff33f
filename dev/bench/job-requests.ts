import { succeed, type Place } from './measure.ts'

/** How often the controller was asked for job information: for all jobs, for a user's or for one. */
export function jobRequests(place: Place): number {
  const lines = succeed(['sdiag'], place).split('\n')
  const counts = lines.map(
    (line) => /^\s*REQUEST_JOB_(?:USER_)?INFO(?:_SINGLE)?\s.*count:(\d+)/.exec(line)?.[1] ?? 0,
  )
  return counts.reduce<number>((sum, one) => sum + Number(one), 0)
}
