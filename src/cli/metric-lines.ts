import { bytes, duration } from '../api/quantities.ts'
import type { Metrics } from '../job/metrics.ts'

/** Lines on what a job took and how well it used it, as names and values: only what is known. */
export function metricFields(metrics: Metrics): readonly (readonly [string, string])[] {
  const all: readonly (readonly [string, readonly string[]])[] = [
    ['took', tookWords(metrics)],
    ['made use of', useWords(metrics)],
  ]
  return all.flatMap(([name, words]) => (words.length === 0 ? [] : [[name, words.join(', ')] as const]))
}

function tookWords(metrics: Metrics): readonly string[] {
  const { queue_wait_seconds: wait, energy_kwh: energy } = metrics
  return [
    ...hours(metrics.core_hours, 'core'),
    ...hours(metrics.node_hours, 'node'),
    ...hours(metrics.gpu_hours, 'GPU'),
    ...(energy === undefined ? [] : [`${amount(energy)} kWh`]),
    ...(wait === undefined ? [] : [`after ${duration(wait)} in the queue`]),
  ]
}

function useWords(metrics: Metrics): readonly string[] {
  const { max_memory_bytes: memory, max_gpu_memory_bytes: gpuMemory } = metrics
  return [
    ...share(metrics.cpu_efficiency, 'its cores'),
    ...share(metrics.memory_share, `its memory (${memory === undefined ? '' : bytes(memory)})`),
    ...share(metrics.time_share, 'its time'),
    ...share(metrics.gpu_utilization, 'its GPUs'),
    ...(gpuMemory === undefined ? [] : [`${bytes(gpuMemory)} of GPU memory`]),
  ]
}

function hours(value: number | undefined, what: string): readonly string[] {
  return value === undefined ? [] : [`${amount(value)} ${what}-hours`]
}

function share(value: number | undefined, what: string): readonly string[] {
  return value === undefined ? [] : [`${percent(value)} of ${what}`]
}

/** An amount with three digits that mean something, and none of them behind a point where it is large: `0.00222`, `1234`. */
export function amount(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

/** A share as `6 %`; below one with a digit that tells it from nothing. */
export function percent(value: number): string {
  const hundredths = value * 100
  return `${hundredths >= 1 ? Math.round(hundredths) : Number(hundredths.toPrecision(1))} %`
}
