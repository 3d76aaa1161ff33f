import { fail, ok, type Fallible } from '../contract/fallible.ts'
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
      readonly nearest: string
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
    const nearest = metricNames.toSorted((a, b) => distance(name, a) - distance(name, b))[0] ?? ''
    return fail({ kind: 'unknown-metric', name, nearest, known: metricNames })
  }
  const value = readAmount(amount)
  if (value === null) return fail({ kind: 'bad-metric-value', value: amount })
  return ok({ metric: name, comparison: comparison as Comparison, value })
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
  const match = /^(-?\d+(?:\.\d+)?)(%|[KMGTP])?$/.exec(text)
  if (match === null) return null
  const [, digits, unit = ''] = match
  return unit === '%' ? Number(digits) / 100 : Number(digits) * 1024 ** ' KMGTP'.indexOf(unit || ' ')
}

/** Levenshtein's distance: letters to change, add or leave out. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const swap = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
