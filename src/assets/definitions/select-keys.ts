import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { EpochSeconds } from '../../contract/ids.ts'
import { keySeparator, type KeySpace, type ListedKeys } from './key-space.ts'
import { nearest } from '../../contract/nearest.ts'
import { readInstant, windowAt, windowCount, windowKey, type TimeWindows } from './time-window.ts'

/** Places of keys from the first to the last, both counted. */
export interface KeyRange {
  readonly from: number
  readonly to: number
}

/** What can be wrong with a choice of keys. */
export type KeySelectionFailure =
  | {
      readonly kind: 'no-such-key'
      readonly key: string
      /** The key that was most likely meant. */
      readonly nearest: string | null
      /** How many there are. */
      readonly count: number
      /** The first and the last of them; null when there are none. */
      readonly ends: readonly [string, string] | null
    }
  | { readonly kind: 'range-backwards'; readonly from: string; readonly to: string }

/**
 * Reads a choice of keys: one (`gold`), a range in the order of the keys (`2026-01-01..2026-01-31`), or several of both
 * with commas between. Gives ranges in order that neither meet nor touch; no key is expanded.
 */
export function selectKeys(
  space: KeySpace,
  text: string,
  now: EpochSeconds,
): Fallible<readonly KeyRange[], KeySelectionFailure> {
  const ranges: KeyRange[] = []
  for (const item of text.split(',').map((part) => part.trim())) {
    const [first = '', last = first, ...more] = item.split('..')
    if (more.length > 0) return fail(missing(space, item, now))
    const ends: number[] = []
    for (const key of [first, last]) {
      const index = space.indexOf(key)
      if (index === null) return fail(missing(space, key, now))
      ends.push(index)
    }
    const [from = 0, to = 0] = ends
    if (from > to) return fail({ kind: 'range-backwards', from: first, to: last })
    ranges.push({ from, to })
  }
  return ok(merged(ranges))
}

function merged(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const result: KeyRange[] = []
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const before = result.at(-1)
    if (before === undefined || range.from > before.to + 1) result.push(range)
    else result[result.length - 1] = { from: before.from, to: Math.max(before.to, range.to) }
  }
  return result
}

function missing(space: KeySpace, key: string, now: EpochSeconds): KeySelectionFailure {
  const { count } = space
  const ends = count === 0 ? null : ([space.at(0).text, space.at(count - 1).text] as const)
  const parts = key.split(keySeparator)
  const near = [...space.partitions.values()].map((keys, i) => nearestValue(keys, parts[i] ?? '', now))
  const guess = near.every((value) => value !== null) ? near.join(keySeparator) : null
  return { kind: 'no-such-key', key, nearest: guess, count, ends }
}

function nearestValue(keys: ListedKeys | TimeWindows, value: string, now: EpochSeconds): string | null {
  if (keys.kind === 'list') return keys.indexOf.has(value) ? value : nearest(value, keys.keys)
  const count = windowCount(keys, now)
  const time = readInstant(value)
  if (count === 0 || time === null) return null
  return windowKey(keys, Math.min(count - 1, windowAt(keys, time) ?? 0))
}
