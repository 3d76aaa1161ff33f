import type { ValuePath, Where } from './problem.ts'

/** Definitions as they were read, before anything is known of their form. */
export interface ReadDocument {
  readonly value: unknown
  /** Where a value stands, or the key that leads to it; the nearest place above where it is not written. */
  readonly where: (path: ValuePath, what?: 'key' | 'value') => Where
}

/** The deepest nesting that definitions may have. */
const deepest = 64

/** The path to what cannot be in definitions: a nesting too deep (or endless), or the key `__proto__`; null when all is well. */
export function unfitPath(value: unknown, path: ValuePath = []): ValuePath | null {
  if (typeof value !== 'object' || value === null) return null
  if (path.length >= deepest) return path
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value)
  for (const [key, one] of entries) {
    if (key === '__proto__') return [...path, key]
    if (typeof one !== 'object' || one === null) continue
    const found = unfitPath(one, [...path, key])
    if (found !== null) return found
  }
  return null
}

/** What a value is, in the words of the file: `a list`, `a number`. */
export function typeWord(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'a text'
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number'
  if (typeof value === 'boolean') return 'true or false'
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`
}
