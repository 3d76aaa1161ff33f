import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { nearest } from '../contract/nearest.ts'
import { metricNames, type MetricName, type Metrics } from './metrics.ts'

/** How a metric is compared. */
export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!='

/** A condition on one metric, such as `cpu_efficiency < 0.2`. */
export interface MetricCondition {
  readonly metric: MetricName
  readonly comparison: Comparison
  readonly value: number
}

/** Why a text is no condition. */
export type ConditionFailure =
  | { readonly kind: 'bad-condition'; readonly text: string }
  | {
      readonly kind: 'unknown-metric'
      readonly name: string
      readonly nearest: string | null
      readonly known: readonly string[]
    }
  | { readonly kind: 'bad-metric-value'; readonly value: string }

/**
 * Reads `METRIC COMPARISON NUMBER`. The number may have one of Slurm's binary units of memory (`10G`, `1.5M`) or a percent
 * sign (`20%` is 0.2).
 */
export function parseCondition(text: string): Fallible<MetricCondition, ConditionFailure> {
  const match = /^\s*([A-Za-z_]\w*)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*$/.exec(text)
  if (match === null) return fail({ kind: 'bad-condition', text })
  const [, name = '', comparison = '', amount = ''] = match
  if (!isMetric(name)) {
    return fail({ kind: 'unknown-metric', name, nearest: nearest(name, metricNames), known: metricNames })
  }
  const value = readAmount(amount)
  if (value === null) return fail({ kind: 'bad-metric-value', value: amount })
  return ok({ metric: name, comparison: comparison as Comparison, value })
}

/** A condition as it may be written. */
export function conditionText({ metric, comparison, value }: MetricCondition): string {
  return `${metric} ${comparison} ${value}`
}

/** Whether the condition holds. A metric that is not known makes it neither true nor false. */
export function holds(condition: MetricCondition, metrics: Metrics): boolean | 'unknown' {
  const actual = metrics[condition.metric]
  if (actual === undefined) return 'unknown'
  const { comparison, value } = condition
  switch (comparison) {
    case '<':
      return actual < value
    case '<=':
      return actual <= value
    case '>':
      return actual > value
    case '>=':
      return actual >= value
    case '==':
      return actual === value
    case '!=':
      return actual !== value
    default:
      return comparison satisfies never
  }
}

function isMetric(name: string): name is MetricName {
  return metricNames.some((known) => known === name)
}

function readAmount(text: string): number | null {
  const match = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(%|[KMGTP])?$/.exec(text)
  if (match === null) return null
  const [, digits, unit = ''] = match
  return unit === '%' ? Number(digits) / 100 : Number(digits) * 1024 ** ' KMGTP'.indexOf(unit || ' ')
}
