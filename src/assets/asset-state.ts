import type { KeySpace } from './definitions/key-space.ts'
import { endAt } from './index/asset-records.ts'
import type { MadeRecord } from './index/made-records.ts'
import { readLater } from './versions/later.ts'
import { versionOf, type Version } from './versions/version.ts'

/** What is known of each key of an asset, by its place: the newest record of it, and its place in that record. */
export interface AssetState {
  readonly records: readonly MadeRecord[]
  /** Index into `records`; -1: never made. */
  readonly record: Int32Array
  readonly position: Int32Array
}

/** Finds the newest record of each key that there is now; `records` are newest first. An asset without partitions has one key. */
export function stateOf(records: readonly MadeRecord[], space: KeySpace, partitioned: boolean): AssetState {
  const record = new Int32Array(space.count).fill(-1)
  const position = new Int32Array(space.count)
  const listed = listedKeys(space)
  for (const [r, one] of records.entries()) {
    const { keys } = one.facts
    // An asset that was cut otherwise then was another one.
    if ((keys !== null) !== partitioned) continue
    for (const [i, key] of (keys ?? ['']).entries()) {
      // Mostly a record has all keys in their order.
      const at = !partitioned ? 0 : listed[i] === key ? i : space.indexOf(key)
      if (at === null || record[at] !== -1 || endAt(one, i) === 'absent') continue
      record[at] = r
      position[at] = i
    }
  }
  return { records, record, position }
}

/** The keys of one listed dimension; of others none, which are many to make. */
function listedKeys({ partitions }: KeySpace): readonly string[] {
  const [keys] = partitions.values()
  return partitions.size === 1 && keys?.kind === 'list' ? keys.keys : []
}

/**
 * What the data of a key is now, for what is made of it: what the payload reported, else what HEAD holds, else, where an
 * asset has no outputs, which job made it. Null: it was not made, or is gone.
 */
export function dataVersion(state: AssetState, hasOutputs: boolean, index: number): Version | null {
  const record = state.records[state.record[index] ?? -1]
  const position = state.position[index] ?? 0
  if (record === undefined || endAt(record, position) !== 'done') return null
  const { reported, facts } = record
  const key = facts.keys?.[position] ?? ''
  const told =
    typeof reported !== 'object' || reported === null
      ? reported
      : Object.hasOwn(reported, key)
        ? (reported[key] ?? null)
        : null
  // A payload may say what reads as the place of something that is still to be made.
  if (told !== null) return readLater(told) === null ? told : versionOf([told])
  return hasOutputs ? (record.now[position] ?? null) : versionOf(['job', record.token, `${position}`])
}
