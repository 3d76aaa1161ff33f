import { compactIndices, parseIndices } from '../../contract/index-set.ts'
import type { Job } from '../context.ts'
import type { ArrayPart } from '../finish/ended.ts'
import type { Evidence, Group } from '../evidence.ts'

/** The tasks of an array that have a record already, as in `0-97,99`; empty when there are none. */
export function recordedTasks(job: Job): string {
  return compactIndices([...recordedSet(job)].toSorted((a, b) => a - b))
}

/** The tasks that completed and have no record yet, ascending. */
export function completedTasks(job: Job, evidence: Evidence): readonly number[] {
  return tasksWhere(job, evidence, (state) => state === 'COMPLETED')
}

/** The tasks that are over, did not complete and have no record yet, ascending. */
export function failedTasks(job: Job, evidence: Evidence): readonly number[] {
  return tasksWhere(job, evidence, (state) => state !== 'COMPLETED')
}

/** What is left to be recorded of an array of which some tasks are recorded; null when it is recorded as one. */
export function restOf(job: Job): ArrayPart | null {
  if (job.recorded.length === 0 || job.spec.parts.kind !== 'array') return null
  const recorded = recordedSet(job)
  const rest = parseIndices(job.spec.parts.indices).filter((task) => !recorded.has(task))
  return { tasks: compactIndices(rest), keepsOpen: false, templates: job.spec.taskOutputs ?? [] }
}

/** The states of some tasks alone, or of all (null). */
export function groupsOfTasks(groups: readonly Group[], tasks: string | null): readonly Group[] {
  if (tasks === null) return groups
  const wanted = new Set(parseIndices(tasks))
  return groups.flatMap((group) => {
    const own = parseIndices(group.parts).filter((task) => wanted.has(task))
    return own.length === 0 ? [] : [{ ...group, parts: compactIndices(own) }]
  })
}

function tasksWhere(job: Job, evidence: Evidence, fits: (state: string) => boolean): readonly number[] {
  if (job.spec.parts.kind !== 'array') return []
  const recorded = recordedSet(job)
  return evidence.groups
    .filter(({ state }) => fits(state))
    .flatMap(({ parts }) => parseIndices(parts))
    .filter((task) => !recorded.has(task))
    .toSorted((a, b) => a - b)
}

function recordedSet(job: Job): ReadonlySet<number> {
  return new Set(job.recorded.flatMap(({ tasks }) => parseIndices(tasks)))
}
