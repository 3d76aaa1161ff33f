import type { EpochSeconds } from '../contract/ids.ts'
import { keySpace, type KeySpace, type ListedKeys, type Partitions } from './definitions/key-space.ts'
import { windowCount, windowIndex, windowKey, type TimeWindows } from './definitions/time-window.ts'

/**
 * Which keys of an asset upstream each key of an asset is made of. Keys that are made of the same ones are one group: what
 * is asked of a group is found out once.
 */
export interface KeyMap {
  /** The group of a key by its place, 0 ≤ group < groups; -1: upstream has no key of those values. */
  readonly groupOf: (index: number) => number
  readonly groups: number
  /** Places of the keys upstream that a group is made of, ascending. */
  readonly upstreamOf: (group: number) => Iterable<number>
}

/** The keys of an asset at a time; one that is made in one piece has one, at place 0. */
export function spaceOf(partitions: Partitions | null, now: EpochSeconds): KeySpace {
  return keySpace(partitions ?? new Map(), now)
}

/**
 * Maps the keys of an asset to those of one that it needs, at a time: dimensions of one name by their values; what upstream
 * lacks makes no difference, and of what it alone has all values count. Cost: the values of each shared dimension once.
 */
export function mapKeys(of: Partitions | null, upstream: Partitions | null, now: EpochSeconds): KeyMap {
  if (of === null && upstream === null) return oneToOne
  const own = dimensionsOf(of, now)
  const other = dimensionsOf(upstream, now)
  const shared = own.flatMap((dimension) => {
    const there = other.find(({ name }) => name === dimension.name)
    return there === undefined ? [] : [{ here: dimension, there, place: placesIn(dimension, there, now) }]
  })
  const free = other.filter(({ name }) => !shared.some(({ there }) => there.name === name))
  // Places upstream that the free dimensions span from one key on, ascending.
  let offsets = [0]
  for (const { count, stride } of free) {
    offsets = offsets.flatMap((base) => Array.from({ length: count }, (_, i) => base + i * stride))
  }
  const groups = shared.reduce((product, { there }) => product * there.count, 1)
  return {
    groups,
    groupOf: (index) => {
      let group = 0
      for (const { here, there, place } of shared) {
        const at = place[Math.floor(index / here.stride) % here.count] ?? -1
        if (at < 0) return -1
        group = group * there.count + at
      }
      return group
    },
    upstreamOf: (group) => {
      let base = 0
      let rest = group
      for (const { there } of shared.toReversed()) {
        base += (rest % there.count) * there.stride
        rest = Math.floor(rest / there.count)
      }
      return base === 0 ? offsets : offsets.map((offset) => base + offset)
    },
  }
}

const onlyKey: readonly number[] = [0]
const oneToOne: KeyMap = { groups: 1, groupOf: () => 0, upstreamOf: () => onlyKey }

interface Dimension {
  readonly name: string
  readonly keys: ListedKeys | TimeWindows
  readonly count: number
  /** How far apart two neighbouring values are among the places of all keys. */
  readonly stride: number
}

function dimensionsOf(partitions: Partitions | null, now: EpochSeconds): readonly Dimension[] {
  const dimensions: Dimension[] = []
  let stride = 1
  for (const [name, keys] of [...(partitions ?? [])].toReversed()) {
    const count = keys.kind === 'list' ? keys.keys.length : windowCount(keys, now)
    dimensions.unshift({ name, keys, count, stride })
    stride *= count
  }
  return dimensions
}

/** The place upstream of each value of a dimension; -1 where it has no such value. */
function placesIn({ keys, count }: Dimension, there: Dimension, now: EpochSeconds): Int32Array {
  const places = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const value = keys.kind === 'list' ? (keys.keys[i] ?? '') : windowKey(keys, i)
    const at = there.keys.kind === 'list' ? there.keys.indexOf.get(value) : windowIndex(there.keys, value)
    const known = there.keys.kind === 'list' ? there.count : windowCount(there.keys, now)
    places[i] = at === undefined || at === null || at >= known ? -1 : at
  }
  return places
}
