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
 * What was measured of each task of an array, in columns, since tasks are many: `tasks` as in `0-97,99`, and a list a fact,
 * one value a task in that order; null: not known. A fact that is known of no task has no list. Stands in records.
 */
export type TaskFacts = { readonly tasks: string } & {
  readonly [Key in (typeof taskFactKeys)[number]]?: readonly (number | null)[]
}

/** Puts the facts of tasks into columns; null where there is nothing to say of any. */
export function toTaskFacts(byTask: ReadonlyMap<number, JobFacts>): TaskFacts | null {
  const tasks = [...byTask.keys()].toSorted((a, b) => a - b)
  const columns = taskFactKeys.flatMap((key) => {
    const values = tasks.map((task) => byTask.get(task)?.[key] ?? null)
    return values.every((value) => value === null) ? [] : [[key, values] as const]
  })
  return columns.length === 0 ? null : { tasks: compactIndices(tasks), ...Object.fromEntries(columns) }
}

/** The facts of each task again. */
export function fromTaskFacts(facts: TaskFacts): ReadonlyMap<number, JobFacts> {
  const columns = taskFactKeys.flatMap((key) =>
    facts[key] === undefined ? [] : [[key, facts[key]] as const],
  )
  return new Map(
    parseIndices(facts.tasks).map((task, i) => [
      task,
      Object.fromEntries(
        columns.flatMap(([key, values]) => (typeof values[i] === 'number' ? [[key, values[i]]] : [])),
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
