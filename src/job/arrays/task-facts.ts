import type { JobFacts } from '../../contract/job-facts.ts'
import { compactIndices, parseIndices } from '../../contract/index-set.ts'
import { sumFacts, withoutFacts } from '../sum-facts.ts'

/** What differs from task to task, and from attempt to attempt; all else is the job's. */
export const taskFactKeys = [
  'elapsed_seconds',
  'queue_wait_seconds',
  'cpu_seconds',
  'allocated_cpu_seconds',
  'node_seconds',
  'gpu_seconds',
  'max_memory_bytes',
  'gpu_utilization',
  'max_gpu_memory_bytes',
  'energy_joules',
] as const satisfies readonly (keyof JobFacts)[]

/**
 * What was measured of each task of an array, a line a fact, since tasks are many and records are read by people:
 * `{"tasks": "0-2,4", "elapsed_seconds": "7 8 - 9"}`, one word a task in that order; `-`: not known. A fact that is known of
 * no task has no line. Stands in records.
 */
export type TaskFacts = { readonly tasks: string } & {
  readonly [Key in (typeof taskFactKeys)[number]]?: string
}

/** Writes the facts of tasks as lines; null where there is nothing to say of any. */
export function toTaskFacts(byTask: ReadonlyMap<number, JobFacts>): TaskFacts | null {
  const tasks = [...byTask.keys()].toSorted((a, b) => a - b)
  const lines = taskFactKeys.flatMap((key) => {
    const words = tasks.map((task) => String(byTask.get(task)?.[key] ?? '-'))
    return words.every((word) => word === '-') ? [] : [[key, words.join(' ')] as const]
  })
  return lines.length === 0 ? null : { tasks: compactIndices(tasks), ...Object.fromEntries(lines) }
}

/** Reads them again. @throws BadIndices for tasks that are no list of indices. */
export function fromTaskFacts(facts: TaskFacts): ReadonlyMap<number, JobFacts> {
  const lines = taskFactKeys.flatMap((key) => {
    const line = facts[key]
    return typeof line === 'string' ? [[key, line.split(' ').map(Number)] as const] : []
  })
  return new Map(
    parseIndices(facts.tasks).map((task, i) => [
      task,
      Object.fromEntries(
        lines.flatMap(([key, values]) => (Number.isFinite(values[i]) ? [[key, values[i]]] : [])),
      ),
    ]),
  )
}

/** Tasks of these alone; null where nothing is known of one of them. */
export function onlyTasks(facts: TaskFacts, indices: readonly number[]): TaskFacts | null {
  const byTask = fromTaskFacts(facts)
  const own = indices.flatMap((task): readonly (readonly [number, JobFacts])[] => {
    const known = byTask.get(task)
    return known === undefined ? [] : [[task, known]]
  })
  return own.length === indices.length ? toTaskFacts(new Map(own)) : null
}

/**
 * The facts of some tasks of an array together, beside `whole`, which tells of all: where each task's are not known, what
 * was measured is left out, rather than told of too many.
 */
export function factsOfTasks(
  whole: JobFacts,
  facts: TaskFacts | undefined,
  indices: readonly number[],
): JobFacts {
  const others = withoutFacts(whole, [...taskFactKeys, 'parts'])
  const own = facts === undefined ? null : onlyTasks(facts, indices)
  if (own === null) return others
  return { ...others, ...sumFacts([...fromTaskFacts(own).values()]) }
}
