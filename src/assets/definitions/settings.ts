import type { Asset, Overrides, Site } from './definitions.ts'
import type { Resources } from './resources.ts'
import { resourceNames } from './resources.ts'
import type { Template } from './template.ts'

/** Who said a value; the later in this list, the stronger. */
export type Level =
  | { readonly kind: 'site'; readonly site: string }
  | { readonly kind: 'asset' }
  | { readonly kind: 'asset-at-site'; readonly site: string }
  | { readonly kind: 'asset-for-key'; readonly key: string }
  | { readonly kind: 'run' }

/** A value, and the level that won. */
export interface Sourced<T> {
  readonly value: T
  readonly from: Level
}

/** How one job runs: what the levels together say. */
export interface Settings {
  readonly resources: { readonly [Name in keyof Resources]: Sourced<number> }
  /** Options of sbatch by their long names; what ended as false is absent. */
  readonly slurm: ReadonlyMap<string, Sourced<string | true>>
  /** Values with the placeholders of the asset's dimensions. */
  readonly env: ReadonlyMap<string, Sourced<Template>>
}

/**
 * What holds for an asset, and a key of it (null: none, or all), at a site: the site's defaults, what the asset says, what it
 * says for that site, for that key, and what the run says; the later wins, value by value.
 */
export function settingsOf(
  asset: Pick<Asset, 'own' | 'bySite' | 'byKey'>,
  site: Site,
  key: string | null,
  run: Partial<Overrides> = {},
): Settings {
  const levels: readonly (readonly [Level, Partial<Overrides> | undefined])[] = [
    [{ kind: 'site', site: site.name }, site.defaults],
    [{ kind: 'asset' }, asset.own],
    [{ kind: 'asset-at-site', site: site.name }, asset.bySite.get(site.name)],
    [{ kind: 'asset-for-key', key: key ?? '' }, key === null ? undefined : asset.byKey.get(key)],
    [{ kind: 'run' }, run],
  ]
  const resources: { -readonly [Name in keyof Resources]: Sourced<number> } = {}
  const slurm = new Map<string, Sourced<string | boolean>>()
  const env = new Map<string, Sourced<Template>>()
  for (const [from, said] of levels) {
    for (const name of resourceNames) {
      const value = said?.resources?.[name]
      if (value !== undefined) resources[name] = { value, from }
    }
    for (const [name, value] of said?.slurm ?? []) slurm.set(name, { value, from })
    for (const [name, value] of said?.env ?? []) env.set(name, { value, from })
  }
  const given = [...slurm].flatMap(([name, { value, from }]) =>
    value === false ? [] : [[name, { value, from }] as const],
  )
  return { resources, slurm: new Map(given), env }
}
