import type { Asset } from '../definitions/definitions.ts'

/** Whether what was tried `before` times, and ended in these states, is tried again. */
export function mayRetry(
  { attempts, when }: Asset['retry'],
  before: number,
  states: readonly string[],
): boolean {
  return before < attempts && states.every((state) => when.has(state))
}
