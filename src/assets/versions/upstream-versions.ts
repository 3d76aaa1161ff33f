import type { KeyMap } from '../key-map.ts'
import { perKey, versionOf, type PerKey, type Version } from './version.ts'

/** What stands for a key that was never made. */
const absent = '-'

/**
 * The version of several keys of one asset together: of one its own, so that keys that are made one from one depend on
 * nothing else; null: it was never made.
 */
export function joinedVersion(versions: readonly (Version | null)[]): Version {
  const [only] = versions
  if (versions.length === 1) return only ?? absent
  return versionOf(versions.map((one) => one ?? absent))
}

/** What upstream was made of for each of `count` keys: one version where it is the same for all. */
export function upstreamVersions(
  count: number,
  map: KeyMap,
  dataVersion: (index: number) => Version | null,
): PerKey {
  const known: (Version | undefined)[] = []
  const ofGroup = (group: number): Version => {
    const before = known[group]
    if (before !== undefined) return before
    const version = joinedVersion([...map.upstreamOf(group)].map(dataVersion))
    known[group] = version
    return version
  }
  if (map.groups === 1 && map.groupOf(0) === 0 && isEverywhere(count, map)) return ofGroup(0)
  const nothing = joinedVersion([])
  return perKey(
    Array.from({ length: count }, (_, i) => {
      const group = map.groupOf(i)
      return group < 0 ? nothing : ofGroup(group)
    }),
  )
}

function isEverywhere(count: number, map: KeyMap): boolean {
  for (let i = 0; i < count; i++) if (map.groupOf(i) !== 0) return false
  return true
}
