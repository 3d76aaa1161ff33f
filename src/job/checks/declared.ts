import type { MetricCondition } from '../metric-condition.ts'

/** A check that a job's request asks for: a command that runs in the job after its payload, or what a metric must not be. */
export type DeclaredCheck = { readonly name: string; readonly blocking: boolean } & (
  { readonly kind: 'run' } | { readonly kind: 'metric'; readonly condition: MetricCondition }
)

/** The names of a job's checks that run in it, in the order in which they do: `start.sh` counts them from 1. */
export function runningChecks(checks: readonly DeclaredCheck[] = []): readonly string[] {
  return checks.flatMap(({ kind, name }) => (kind === 'run' ? [name] : []))
}
