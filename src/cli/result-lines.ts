import type { Result } from '../api/result.ts'
import { printable } from '../api/printable.ts'

/** The line that people see for a result, in DataLad's form. */
export function resultLine(result: Result): string {
  const type = result.type === undefined || result.type === 'job' ? '' : ` (${result.type})`
  const path = result.path === '' ? '' : ` ${printable(result.path)}${type}`
  const message = result.message === undefined ? '' : ` [${result.message}]`
  return `${result.action}(${result.status}):${path}${message}`
}

/** Counts by action and status, as DataLad ends a command of more than one result; empty for one or none. */
export function actionSummary(results: readonly Result[]): readonly string[] {
  if (results.length < 2) return []
  const actions = new Map<string, Map<string, number>>()
  for (const { action, status } of results) {
    const counts = actions.get(action) ?? new Map<string, number>()
    counts.set(status, (counts.get(status) ?? 0) + 1)
    actions.set(action, counts)
  }
  const lines = [...actions]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([action, counts]) => {
      const parts = [...counts]
        .toSorted(([a], [b]) => (a < b ? 1 : -1))
        .map(([status, count]) => `${status}: ${count}`)
      return `  ${action} (${parts.join(', ')})`
    })
  return ['action summary:', ...lines]
}
