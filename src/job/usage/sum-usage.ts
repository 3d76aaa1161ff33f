import type { EpochSeconds } from '../../contract/ids.ts'
import { metricsOf, type MetricName } from '../metrics.ts'
import type { UsageRun } from './usage-run.ts'

/** By what usage can be grouped. */
export const usageKeys = ['asset', 'key', 'account', 'week', 'user', 'cluster'] as const

/** One of those. */
export type UsageKey = (typeof usageKeys)[number]

/**
 * What the jobs of one group took, all attempts together. Hours and energy are of the jobs of which they are known, and
 * missing where they are known of none.
 */
export interface UsageSum {
  /** The group: a value for each key that was asked for; null: the jobs do not have it. Empty for all jobs. */
  readonly by: { readonly [Key in UsageKey]?: string | null }
  readonly jobs: number
  /** Tasks of arrays, and jobs that are none. */
  readonly runs: number
  readonly attempts: number
  /** Jobs of which nothing says how many core-hours they, or jobs that they submitted, took: such as other tools' records. */
  readonly unknown_jobs: number
  readonly core_hours?: number
  readonly node_hours?: number
  readonly gpu_hours?: number
  readonly energy_kwh?: number
  /** All CPU time over all allocated CPU time, of attempts of which both are known: a mean that long jobs weigh more in. */
  readonly cpu_efficiency?: number
}

/** Sums by the given keys, the group that took most first. */
export function sumUsage(runs: readonly UsageRun[], keys: readonly UsageKey[]): readonly UsageSum[] {
  const groups = Map.groupBy(runs, (run) => JSON.stringify(keys.map((key) => valueOf(run, key))))
  const sums = [...groups.values()].map((group) => sumOf(group, keys))
  return sums.toSorted(
    (a, b) =>
      (b.core_hours ?? 0) - (a.core_hours ?? 0) ||
      b.jobs - a.jobs ||
      (JSON.stringify(a.by) < JSON.stringify(b.by) ? -1 : 1),
  )
}

/** The sum of these alone; the keys are those that they have in common. */
export function sumOf(runs: readonly UsageRun[], keys: readonly UsageKey[]): UsageSum {
  const [first] = runs
  const attempts = runs.flatMap((run) => [run.metrics, ...run.earlier.map((facts) => metricsOf(facts))])
  const total = (name: MetricName): { readonly [key: string]: number } => {
    const known = attempts.map((metrics) => metrics[name]).filter((value) => value !== undefined)
    return known.length === 0 ? {} : { [name]: round(sum(known)) }
  }
  const both = attempts.filter(
    ({ cpu_seconds: cpu, core_hours: hours }) => cpu !== undefined && hours !== undefined,
  )
  const allocated = sum(both.map(({ core_hours: hours }) => hours ?? 0)) * 3600
  const cpu = sum(both.map(({ cpu_seconds: seconds }) => seconds ?? 0))
  return {
    by: Object.fromEntries(first === undefined ? [] : keys.map((key) => [key, valueOf(first, key)] as const)),
    jobs: sum(runs.map(({ jobs }) => jobs)),
    runs: sum(runs.map(({ parts }) => parts)),
    attempts: sum(runs.map(({ parts, earlier }) => parts + earlier.length)),
    unknown_jobs: sum(runs.map((run) => (isKnown(run) ? 0 : run.jobs))),
    ...total('core_hours'),
    ...total('node_hours'),
    ...total('gpu_hours'),
    ...total('energy_kwh'),
    ...(allocated === 0 ? {} : { cpu_efficiency: round(cpu / allocated) }),
  }
}

function isKnown({ metrics, children }: UsageRun): boolean {
  return metrics.core_hours !== undefined && children !== 'unreadable'
}

function valueOf(run: UsageRun, key: UsageKey): string | null {
  return key === 'week' ? weekOf(run.at) : run[key]
}

/** The week of ISO 8601 that a moment lies in, in UTC: `2026-W48`. A week belongs to the year of its Thursday. */
export function weekOf(at: EpochSeconds): string {
  const day = 86_400_000
  const time = Math.floor((at * 1000) / day) * day
  const weekday = (new Date(time).getUTCDay() + 6) % 7
  const thursday = new Date(time + (3 - weekday) * day)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / day / 7) + 1
  return `${year}-W${String(week).padStart(2, '0')}`
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

/** To six digits, as metrics are: sums of binary fractions have more that mean nothing. */
function round(value: number): number {
  return Number(value.toPrecision(6))
}
