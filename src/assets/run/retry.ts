import { parseIndices } from '../../contract/index-set.ts'
import type { Job } from '../../job/context.ts'
import type { Asset } from '../definitions/definitions.ts'

/** Whether what was tried `before` times, and ended in these states, is tried again; not where nobody knows how it ended. */
export function mayRetry(
  { attempts, when }: Asset['retry'],
  before: number,
  states: readonly string[],
): boolean {
  return before < attempts && states.length > 0 && states.every((state) => when.has(state))
}

/** The states in which a job's tasks ended; of one that is no array, those of all its parts. */
export function statesByTask({ spec, observed }: Job): (task: number) => readonly string[] {
  const groups = observed?.groups ?? []
  if (spec.parts.kind !== 'array') {
    const all = [...new Set(groups.map(({ state }) => state))]
    return () => all
  }
  const byTask = new Map(
    groups.flatMap(({ parts, state }) => parseIndices(parts).map((task) => [task, [state]] as const)),
  )
  return (task) => byTask.get(task) ?? []
}
