import { endAt } from './index/asset-records.ts'
import type { AssetView } from './look.ts'
import { readLater } from './versions/later.ts'
import { versionAt } from './versions/version.ts'

/** Why a key would be made (again). */
export type Reason =
  | { readonly kind: 'never-made' }
  /** Its newest record is of a job that failed. */
  | { readonly kind: 'last-failed'; readonly commit: string }
  /** Somebody edited its outputs in git, or took them out. */
  | { readonly kind: 'outputs-changed'; readonly how: 'edited' | 'removed' }
  /** Git has them, and the work tree has not. `path`: the first of them. */
  | { readonly kind: 'outputs-missing'; readonly path: string }
  /** Its command, a file that it names, or its environment. */
  | { readonly kind: 'code-changed' }
  /** `paths`: which, where the record tells. */
  | { readonly kind: 'input-changed'; readonly paths: readonly string[] }
  /** Assets and sources that are not what it was made of. */
  | { readonly kind: 'upstream-changed'; readonly upstream: readonly string[] }
  /** Assets that will be made again before it. */
  | { readonly kind: 'upstream-stale'; readonly upstream: readonly string[] }
  | { readonly kind: 'forced' }

/** Why the key at a place is not fresh by itself, whatever is to be made upstream; null: it is. */
export function ownReason(view: AssetView, index: number): Reason | null {
  const { state } = view
  const record = state.records[state.record[index] ?? -1]
  const position = state.position[index] ?? 0
  if (record === undefined) return { kind: 'never-made' }
  if (endAt(record, position) !== 'done') return { kind: 'last-failed', commit: record.commit }
  const { facts, made, now } = record
  if (made[position] === null || now[position] === null) return { kind: 'outputs-changed', how: 'removed' }
  if (made[position] !== now[position]) return { kind: 'outputs-changed', how: 'edited' }
  const missing = view.missing(index)
  if (missing !== null) return { kind: 'outputs-missing', path: missing }
  if (versionAt(facts.code, position) !== versionAt(view.code, index)) return { kind: 'code-changed' }
  if (versionAt(facts.inputs, position) !== versionAt(view.inputs, index))
    return { kind: 'input-changed', paths: [] }
  if (view.upstream.size === 0) return null
  const changed: string[] = []
  for (const [name, versions] of view.upstream) {
    const then = Object.hasOwn(facts.upstream, name) ? facts.upstream[name] : undefined
    // Of a source that could not be asked nobody knows that it changed.
    if (versions === null) continue
    const version = then === undefined ? null : versionAt(then, position)
    const later = version === null ? null : readLater(version)
    const isSame =
      later === null ? version === versionAt(versions, index) : view.madeLater(name, index, later)
    if (!isSame) changed.push(name)
  }
  return changed.length === 0 ? null : { kind: 'upstream-changed', upstream: changed }
}
