import { exitCode } from '../api/exit-code.ts'
import type { Result } from '../api/result.ts'
import { printable } from '../api/printable.ts'

/** The line that people see for a result, in DataLad's form. */
export function resultLine(result: Result): string {
  // What a payload says is nothing that a command did.
  if (result.action === 'message') return result.message ?? ''
  const type = result.type === undefined || result.type === 'job' ? '' : ` (${result.type})`
  const path = result.path === '' ? '' : ` ${printable(result.path)}${type}`
  const message = result.message === undefined ? '' : ` [${result.message}]`
  return `${result.action}(${result.status}):${path}${message}`
}

/** How many results there were of each action and status. */
export class Tally {
  private count = 0
  private trouble = false
  private readonly actions = new Map<string, Map<string, number>>()

  add({ action, status }: Pick<Result, 'action' | 'status'>): void {
    if (action === 'message') return
    this.count++
    this.trouble ||= status === 'impossible' || status === 'error'
    const counts = this.actions.get(action) ?? new Map<string, number>()
    counts.set(status, (counts.get(status) ?? 0) + 1)
    this.actions.set(action, counts)
  }

  exitCode(): number {
    return this.trouble ? exitCode.trouble : exitCode.ok
  }

  /** As DataLad ends a command of more than one result; empty for one or none. */
  summary(): readonly string[] {
    if (this.count < 2) return []
    const lines = [...this.actions]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([action, counts]) => {
        const parts = [...counts]
          .toSorted(([a], [b]) => (a < b ? 1 : -1))
          .map(([status, count]) => `${status}: ${count}`)
        return `  ${action} (${parts.join(', ')})`
      })
    return ['action summary:', ...lines]
  }
}
