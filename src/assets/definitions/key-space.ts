import type { EpochSeconds } from '../../contract/ids.ts'
import { windowCount, windowIndex, windowKey, type TimeWindows } from './time-window.ts'

/** Keys that were listed, in the order in which they were written. */
export interface ListedKeys {
  readonly kind: 'list'
  readonly keys: readonly string[]
  /** The place of each. */
  readonly indexOf: ReadonlyMap<string, number>
}

/** How one asset is cut into pieces: dimensions in the written order. */
export type Partitions = ReadonlyMap<string, ListedKeys | TimeWindows>

/** One partition's key: its text (`gold`, `gold|2026-01-01`), and what it gives each dimension. */
export interface PartitionKey {
  readonly text: string
  readonly values: Readonly<Record<string, string>>
}

/** The keys that an asset has at a time, in order; nothing of it is expanded before it is asked for. */
export interface KeySpace {
  readonly partitions: Partitions
  readonly count: number
  /** @throws RangeError outside of 0 ≤ index < count. */
  readonly at: (index: number) => PartitionKey
  /** The place of a key; null when there is no such key now. */
  readonly indexOf: (text: string) => number | null
}

/** What stands between the values of several dimensions. */
export const keySeparator = '|'

/** The keys of an asset at a time (only windows that have ended are keys). The last dimension runs fastest. */
export function keySpace(partitions: Partitions, now: EpochSeconds): KeySpace {
  const dimensions = [...partitions].map(([name, keys]) => ({ name, keys, count: countOf(keys, now) }))
  const count = dimensions.reduce((product, dimension) => product * dimension.count, 1)
  return {
    partitions,
    count,
    at: (index) => {
      if (!Number.isInteger(index) || index < 0 || index >= count)
        throw new RangeError(`there is no key ${index} of ${count}`)
      const values: Record<string, string> = {}
      let rest = index
      for (const { name, keys, count: size } of dimensions.toReversed()) {
        values[name] = valueAt(keys, rest % size)
        rest = Math.floor(rest / size)
      }
      return keyOf(
        partitions,
        dimensions.map(({ name }) => values[name] ?? ''),
      )
    },
    indexOf: (text) => {
      // Most have one dimension, and many keys.
      const parts = dimensions.length === 1 ? [text] : text.split(keySeparator)
      if (parts.length !== dimensions.length) return null
      let index = 0
      for (const [i, { keys, count: size }] of dimensions.entries()) {
        const at = placeOf(keys, parts[i] ?? '')
        if (at === null || at >= size) return null
        index = index * size + at
      }
      return index
    },
  }
}

/** Every key in order, made one by one. */
export function* keysOf(space: KeySpace): Generator<PartitionKey> {
  for (let i = 0; i < space.count; i++) yield space.at(i)
}

/** Reads a key's text; null when it has not the form of one. Windows that have not ended have it, too. */
export function readKey(partitions: Partitions, text: string): PartitionKey | null {
  const parts = text.split(keySeparator)
  const fits = [...partitions.values()].every((keys, i) => placeOf(keys, parts[i] ?? '') !== null)
  return fits && parts.length === partitions.size ? keyOf(partitions, parts) : null
}

function keyOf(partitions: Partitions, parts: readonly string[]): PartitionKey {
  const values = Object.fromEntries([...partitions.keys()].map((name, i) => [name, parts[i] ?? '']))
  return { text: parts.join(keySeparator), values }
}

function countOf(keys: ListedKeys | TimeWindows, now: EpochSeconds): number {
  return keys.kind === 'list' ? keys.keys.length : windowCount(keys, now)
}

function valueAt(keys: ListedKeys | TimeWindows, index: number): string {
  return keys.kind === 'list' ? (keys.keys[index] ?? '') : windowKey(keys, index)
}

function placeOf(keys: ListedKeys | TimeWindows, value: string): number | null {
  return keys.kind === 'list' ? (keys.indexOf.get(value) ?? null) : windowIndex(keys, value)
}
