import { usageKeys, type UsageKey, type UsageSum } from '../job/usage/sum-usage.ts'
import { usage as sum } from '../job/usage/usage.ts'
import type { UsageAdvice } from '../job/usage/advice.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkOptions, text, texts, type Check } from './check-options.ts'
import type { OpenDataset } from './open-dataset.ts'
import type { Outcome } from './result.ts'

/** What `usage` may be told, as the options of `waybill usage`. */
export interface UsageOptions extends CallOptions {
  /** Only jobs that ended then or later: `2026-11-26`, or with a time, in UTC. */
  readonly since?: string | undefined
  /** Only jobs that ended then or before. */
  readonly until?: string | undefined
  readonly by?: readonly UsageKey[] | undefined
  /** Only jobs of which all of these hold: `cpu_efficiency < 0.2`. */
  readonly where?: readonly string[] | undefined
}

/** What jobs took; `total` is null where `results` says why nothing could be counted. */
export interface UsageOutcome extends Outcome {
  readonly total: UsageSum | null
  /** A sum for each group, the one that took most first; empty without `by`. */
  readonly groups: readonly UsageSum[]
  /** What like jobs asked for and never came near. */
  readonly advice: readonly UsageAdvice[]
  /** Jobs that are not counted, since it is not known whether `where` holds. */
  readonly undecidedJobs: number
}

const keys: Check = (value) =>
  Array.isArray(value) && value.every((one: unknown) => usageKeys.some((key) => key === one))
    ? null
    : `an array of ${usageKeys.join(', ')}`

/** Sums what the jobs took that are recorded in the history of HEAD or have ended since, as `waybill usage`. */
export async function usage(dataset: OpenDataset, options: UsageOptions = {}): Promise<UsageOutcome> {
  checkOptions('usage', options, { ...callChecks, since: text, until: text, by: keys, where: texts })
  return call(dataset, options, async (context, report) => {
    const { since = null, until = null, by = [], where = [] } = options
    const found = await sum(context, { since, until, by, where })
    if (!found.ok) {
      report({ action: 'usage', status: 'impossible', path: '', note: found.failure })
      return { total: null, groups: [], advice: [], undecidedJobs: 0 }
    }
    const { total, groups, advice, undecided_jobs: undecidedJobs } = found.value
    return { total, groups, advice, undecidedJobs }
  })
}
