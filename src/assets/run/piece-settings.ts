import type { Overrides } from '../definitions/definitions.ts'
import type { Resources } from '../definitions/resources.ts'
import { settingsOf, type Settings } from '../definitions/settings.ts'
import type { AssetView } from '../look.ts'

/** One key of an asset that is to be made (of one without keys: place 0), and for which time in this run, from 0. */
export interface Piece {
  readonly view: AssetView
  readonly index: number
  readonly attempt: number
}

/** The settings of pieces, with what the run says; those of keys about which nothing is said are found out once. */
export function settingsOfPieces(run: Partial<Overrides> = {}): (piece: Piece) => Settings {
  const known = new Map<AssetView, Map<string, Settings>>()
  return ({ view, index, attempt }) => {
    const { asset, site, space } = view
    const key = asset.partitions === null || asset.byKey.size === 0 ? null : space.at(index).text
    const own = key !== null && asset.byKey.has(key) ? key : null
    const ofAsset = known.get(view) ?? new Map<string, Settings>()
    known.set(view, ofAsset)
    const name = `${attempt}\0${own ?? ''}`
    const settings = ofAsset.get(name) ?? grown(asset, site, own, attempt, run)
    ofAsset.set(name, settings)
    return settings
  }
}

/** The settings of an attempt: what `grow` names is multiplied each time. */
function grown(
  asset: AssetView['asset'],
  site: AssetView['site'],
  key: string | null,
  attempt: number,
  run: Partial<Overrides>,
): Settings {
  const first = settingsOf(asset, site, key, run)
  if (attempt === 0) return first
  const { grow } = asset.retry
  const resources: { -readonly [Name in keyof Resources]: Resources[Name] } = { ...run.resources }
  for (const name of ['cpus', 'memory', 'time'] as const) {
    const before = first.resources[name]?.value
    if (before !== undefined) resources[name] = Math.ceil(before * grow[name] ** attempt)
  }
  return settingsOf(asset, site, key, { ...run, resources })
}
