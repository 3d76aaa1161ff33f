import { readMemory } from './resources.ts'

/** Something measured, compared with a number. */
export interface Metric {
  readonly name: string
  readonly comparison: '<' | '<=' | '>' | '>=' | '==' | '!='
  /** A fraction where it was written with `%`, bytes where with K, M, G or T. */
  readonly value: number
}

/** Reads `cpu_efficiency < 0.2`, `cpu_efficiency < 20%`, `max_memory > 24G`; null for anything else. */
export function readMetric(text: string): Metric | null {
  const match =
    /^\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%|[KMGT]?)\s*$/.exec(text)
  if (match === null) return null
  const [, name = '', comparison, digits = '', unit] = match
  const factor = unit === '%' ? 0.01 : unit === '' || unit === undefined ? 1 : readMemory(`1${unit}`)
  const value = Number(digits) * (factor ?? Number.NaN)
  return Number.isFinite(value) ? { name, comparison: comparison as Metric['comparison'], value } : null
}
