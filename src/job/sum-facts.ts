import type { JobFacts } from '../contract/job-facts.ts'

/** Facts that add up over parts; one that is not known of a part is not known of the whole. */
const summed = [
  'allocated_cpu_seconds',
  'node_seconds',
  'gpu_seconds',
  'energy_joules',
] as const satisfies readonly (keyof JobFacts)[]

/** Facts of which the greatest part's is the whole's. */
const greatest = [
  'elapsed_seconds',
  'queue_wait_seconds',
  'time_limit_seconds',
  'gpu_utilization',
  'max_gpu_memory_bytes',
] as const satisfies readonly (keyof JobFacts)[]

/** What memory means together: a share is of what the same part had. */
const memory = [
  'max_memory_bytes',
  'requested_memory_bytes',
  'allocated_memory_bytes',
] as const satisfies readonly (keyof JobFacts)[]

/**
 * Facts of a whole job from those of its parts (tasks, components, jobs): sums for times in seconds times things, the
 * longest time, memory of the part that had most, the names of the first. `parts` says how many they are.
 */
export function sumFacts(all: readonly JobFacts[]): JobFacts {
  const [first] = all
  if (first === undefined) return {}
  if (all.length === 1) return first
  const cpu = numbers(all, 'cpu_seconds')
  const nodes = [...new Set(all.map((facts) => facts.node_list ?? '').filter((list) => list !== ''))]
  return {
    ...withoutFacts(first, [...summed, ...greatest, ...memory, 'cpu_seconds', 'billing']),
    ...Object.fromEntries(summed.flatMap((key) => entry(key, wholeSum(all, key)))),
    ...Object.fromEntries(greatest.flatMap((key) => entry(key, most(numbers(all, key))))),
    ...memoryOf(all),
    ...(cpu.length === 0 ? {} : { cpu_seconds: Math.round(sum(cpu) * 1000) / 1000 }),
    ...(nodes.length === 0 ? {} : { node_list: nodes.join(',') }),
    parts: sum(all.map(({ parts }) => parts ?? 1)),
  }
}

/** Facts but those named. */
export function withoutFacts(facts: JobFacts, keys: readonly (keyof JobFacts)[]): JobFacts {
  const left: readonly string[] = keys
  return Object.fromEntries(Object.entries(facts).filter(([key]) => !left.includes(key)))
}

/** Of the part with most memory; where none is known, of the first. */
function memoryOf(all: readonly JobFacts[]): JobFacts {
  const top = most(numbers(all, 'max_memory_bytes'))
  const part = all.find((facts) => facts.max_memory_bytes === (top ?? undefined)) ?? {}
  return Object.fromEntries(memory.flatMap((key) => entry(key, part[key] ?? null)))
}

function wholeSum(all: readonly JobFacts[], key: (typeof summed)[number]): number | null {
  const known = numbers(all, key)
  return known.length === all.length ? sum(known) : null
}

function numbers(all: readonly JobFacts[], key: NumberKey): readonly number[] {
  return all.map((facts) => facts[key]).filter((value) => value !== undefined)
}

type NumberKey = (typeof summed | typeof greatest | typeof memory)[number] | 'cpu_seconds'

function entry(key: string, value: number | null): readonly (readonly [string, number])[] {
  return value === null ? [] : [[key, value]]
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((a, b) => Math.max(a, b))
}
