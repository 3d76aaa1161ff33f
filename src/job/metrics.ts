import type { JobFacts } from '../contract/job-facts.ts'

/** What a job, task or attempt cost, and how well it used what it was given. A missing key is "not known", never zero. */
export interface Metrics {
  readonly elapsed_seconds?: number
  readonly queue_wait_seconds?: number
  readonly cpu_seconds?: number
  /**
   * CPU time over allocated CPU time, 0 to 1. More, where a job used CPUs that it was not given, or was over within the
   * second in which Slurm counts.
   */
  readonly cpu_efficiency?: number
  readonly max_memory_bytes?: number
  /** `max_memory_bytes` over what was asked for on all nodes; where that is not known, over what was given. */
  readonly memory_share?: number
  /** Elapsed time over the time limit. */
  readonly time_share?: number
  readonly node_hours?: number
  readonly core_hours?: number
  readonly gpu_hours?: number
  readonly gpu_utilization?: number
  readonly max_gpu_memory_bytes?: number
  readonly energy_kwh?: number
}

/** When it happened, in seconds since 1970; null: not known. Says how long what has no accounting took. */
export interface MetricTimes {
  readonly submitted: number | null
  readonly started: number | null
  readonly ended: number | null
}

/** No times but those that accounting measured itself. */
export const noTimes: MetricTimes = { submitted: null, started: null, ended: null }

/**
 * Derives metrics from facts. Pure. Of facts over several parts, hours are sums, and elapsed and waiting time the longest
 * part's: from these and the number of nodes alone nothing is derived then.
 */
export function metricsOf(facts: JobFacts, times: MetricTimes = noTimes): Metrics {
  const one = facts.parts === undefined
  const elapsed = facts.elapsed_seconds ?? (one ? between(times.started, times.ended) : undefined)
  const each = one ? elapsed : undefined
  const allocated = facts.allocated_cpu_seconds ?? product(facts.cores, each)
  const asked = facts.requested_memory_bytes ?? facts.allocated_memory_bytes
  return known({
    elapsed_seconds: elapsed,
    queue_wait_seconds:
      facts.queue_wait_seconds ?? (one ? between(times.submitted, times.started) : undefined),
    cpu_seconds: facts.cpu_seconds,
    cpu_efficiency: quotient(facts.cpu_seconds, allocated),
    max_memory_bytes: facts.max_memory_bytes,
    memory_share: quotient(facts.max_memory_bytes, asked),
    time_share: quotient(elapsed, facts.time_limit_seconds),
    node_hours: quotient(facts.node_seconds ?? product(facts.nodes, each), 3600),
    core_hours: quotient(allocated, 3600),
    gpu_hours: quotient(facts.gpu_seconds ?? product(facts.gpus, each), 3600),
    gpu_utilization: facts.gpu_utilization,
    max_gpu_memory_bytes: facts.max_gpu_memory_bytes,
    energy_kwh: quotient(facts.energy_joules, 3_600_000),
  })
}

/** Every metric's name, as conditions and `--json` have it. */
export const metricNames = [
  'elapsed_seconds',
  'queue_wait_seconds',
  'cpu_seconds',
  'cpu_efficiency',
  'max_memory_bytes',
  'memory_share',
  'time_share',
  'node_hours',
  'core_hours',
  'gpu_hours',
  'gpu_utilization',
  'max_gpu_memory_bytes',
  'energy_kwh',
] as const satisfies readonly (keyof Metrics)[]

/** A name of those. */
export type MetricName = keyof Metrics

function between(from: number | null, to: number | null): number | undefined {
  return from === null || to === null || to < from ? undefined : to - from
}

function product(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b
}

/** To six digits: what is left out is noise, and records are compared. */
function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : Number((a / b).toPrecision(6))
}

function known(metrics: { readonly [Name in MetricName]: number | undefined }): Metrics {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== undefined))
}
