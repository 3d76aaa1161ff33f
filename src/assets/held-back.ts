import type { FailedCheck } from '../job/note.ts'
import { endAt, failedChecksAt } from './index/asset-records.ts'
import type { KeyMap } from './key-map.ts'
import type { AssetView } from './look.ts'

/** Why a key that is not fresh is not made. */
export type Block =
  /** Blocking checks of what it is made of did not pass. */
  | { readonly kind: 'check-failed'; readonly checks: readonly FailedCheck[] }
  /** What it is made of is blocked itself. */
  | { readonly kind: 'upstream-blocked'; readonly upstream: readonly string[] }

/**
 * The blocking checks of the key at a place that did not pass when it was made the last time. Results are those of its record;
 * which checks block, the definitions say today.
 */
function blockingChecks({ asset, state }: AssetView, index: number): readonly string[] {
  const record = state.records[state.record[index] ?? -1]
  const position = state.position[index] ?? 0
  if (record === undefined || endAt(record, position) !== 'done') return []
  const failed = failedChecksAt(record, position)
  return asset.checks.flatMap(({ name, blocking }) => (blocking && failed.includes(name) ? [name] : []))
}

/** Whether something may be held back by what is known of an asset. */
export function hasBlockingChecks({ asset }: AssetView): boolean {
  return asset.checks.some(({ blocking }) => blocking)
}

/** Places of keys of an asset, and their blocking checks that did not pass. */
export interface FailedKeys {
  readonly at: ReadonlyMap<number, readonly string[]>
  /** The asset has keys. */
  readonly hasKeys: boolean
}

/** The keys of an asset of which blocking checks did not pass, without those that are made anew. */
export function failedKeys(view: AssetView, isComing: (index: number) => boolean): FailedKeys {
  const at = new Map<number, readonly string[]>()
  const failed = { at, hasKeys: view.asset.partitions !== null }
  if (!hasBlockingChecks(view)) return failed
  for (let index = 0; index < view.space.count; index++) {
    const checks = isComing(index) ? [] : blockingChecks(view, index)
    if (checks.length > 0) at.set(index, checks)
  }
  return failed
}

/** Tells which checks of what a key is made of hold it back. `failedOf` tells of the assets that are needed. */
export function failedUpstream(
  { maps }: AssetView,
  failedOf: (asset: string) => FailedKeys | undefined,
): (index: number) => readonly FailedCheck[] {
  const tests = [...maps].flatMap(([asset, map]) => {
    const failed = failedOf(asset)
    if (failed === undefined || failed.at.size === 0) return []
    const test = failedTest(asset, map, failed)
    return [(index: number) => test(map.groupOf(index))]
  })
  return (index) => tests.flatMap((test) => test(index))
}

/** Tells which checks failed of the keys upstream of a group, each once. A group is looked at once. */
function failedTest(
  asset: string,
  map: KeyMap,
  { at: failedAt, hasKeys }: FailedKeys,
): (group: number) => readonly FailedCheck[] {
  const known: (readonly FailedCheck[] | undefined)[] = []
  return (group) => {
    if (group < 0) return []
    const before = known[group]
    if (before !== undefined) return before
    const checks = new Set([...map.upstreamOf(group)].flatMap((at) => failedAt.get(at) ?? []))
    const found = [...checks].map((check) => ({ asset, check, hasKeys }))
    known[group] = found
    return found
  }
}
