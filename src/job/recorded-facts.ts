import type { JobFacts } from '../contract/job-facts.ts'
import type { Json } from '../provenance/python-json.ts'
import { metricsOf, type Metrics } from './metrics.ts'

/** An object of a record's. */
export type JsonObject = { readonly [key: string]: Json }

const numbers: ReadonlySet<string> = new Set<keyof JobFacts>([
  'elapsed_seconds',
  'queue_wait_seconds',
  'time_limit_seconds',
  'cpu_seconds',
  'allocated_cpu_seconds',
  'node_seconds',
  'gpu_seconds',
  'max_memory_bytes',
  'requested_memory_bytes',
  'allocated_memory_bytes',
  'gpu_utilization',
  'max_gpu_memory_bytes',
  'energy_joules',
  'billing',
  'nodes',
  'cores',
  'gpus',
  'parts',
])

/** What was measured, as a record or one of its attempts says it. A record is anybody's: what is no amount is left out. */
export function readFacts(own: JsonObject): JobFacts {
  return Object.fromEntries(
    Object.entries(own).filter(([key, value]) => numbers.has(key) && typeof value === 'number' && value >= 0),
  )
}

/**
 * What stands under `waybill` in a record, with what accounting said later (the commit's note). The note of an array that
 * is recorded in parts tells of more than the record, and does not count.
 */
export function withNote(own: JsonObject, note: string | null): JsonObject {
  if (note === null || own['recorded_tasks'] !== undefined) return own
  // Each note is a paragraph.
  const later = note.split(/\n\n+/).flatMap((text) => Object.entries(readObject(text)))
  return { ...own, ...Object.fromEntries(later) }
}

/** The metrics of a record. One of another tool has none. */
export function recordedMetrics(own: JsonObject): Metrics {
  const several = own['tasks'] !== undefined || own['jobs'] !== undefined || own['attempts'] !== undefined
  const times = {
    submitted: several ? null : readIso(own['submitted']),
    started: several ? null : readIso(own['started']),
    ended: several ? null : readIso(own['ended']),
  }
  const facts = readFacts(own)
  // Records of before told of an array by its first task, and did not say of how many tasks the rest was.
  return metricsOf(own['tasks'] !== undefined && facts.parts === undefined ? alone(facts) : facts, times)
}

/** Facts of an array of one task need no number of parts; those of several, from before, are only as long as the longest. */
function alone(facts: JobFacts): JobFacts {
  return facts.node_seconds === undefined ? { ...facts, parts: 0 } : facts
}

/** A time of a record, in seconds since 1970; null: not known. */
export function readIso(value: Json | undefined): number | null {
  const time = typeof value === 'string' ? Date.parse(value) / 1000 : Number.NaN
  return Number.isFinite(time) ? time : null
}

/** An object, or nothing that says anything. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}

function readObject(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text) as unknown)
  } catch {
    return {}
  }
}
