import { badName, badPlainName } from './asset-name.ts'
import type { LocallyValid } from './definitions.ts'
import type { Report } from './local-report.ts'
import { nearest } from '../../contract/nearest.ts'

/** Names that are defined, also where what they name is not right. */
export interface KnownNames {
  readonly assets: ReadonlySet<string>
  readonly externals: ReadonlySet<string>
  readonly sites: ReadonlySet<string>
}

/** Reports names that cannot be one, or are of two things. */
export function checkDefinedNames(known: KnownNames, report: Report): void {
  const check = (section: string, names: ReadonlySet<string>, bad: typeof badName): void => {
    for (const name of names) {
      const why = bad(name)
      if (why !== null) report({ kind: 'bad-name', name, why }, [section, name], 'key')
    }
  }
  check('sites', known.sites, badPlainName)
  check('assets', known.assets, badName)
  check('external', known.externals, badName)
  for (const name of known.externals) {
    if (known.assets.has(name)) report({ kind: 'name-twice', name }, ['external', name], 'key')
  }
}

/** Reports names in `needs`, `site` and `sites` that are of nothing. */
export function checkNames(local: LocallyValid, known: KnownNames, report: Report): void {
  const sites = [...known.sites]
  const unknownSite = (name: string, path: readonly string[], at: 'key' | 'value'): void => {
    if (!known.sites.has(name))
      report({ kind: 'unknown-site', name, nearest: nearest(name, sites), known: sites }, path, at)
  }
  if (local.defaultSite !== null) unknownSite(local.defaultSite, ['defaultSite'], 'value')
  else if (known.sites.size > 1 && [...local.assets.values()].some(({ site }) => site === null))
    report({ kind: 'no-default-site', sites }, ['sites'], 'key')
  const names = [...known.assets, ...known.externals]
  for (const asset of local.assets.values()) {
    for (const name of [...asset.needs, ...asset.observes]) {
      if (!known.assets.has(name) && !known.externals.has(name)) {
        const path = ['assets', asset.name, 'needs']
        report({ kind: 'unknown-need', name, nearest: nearest(name, names) }, [...path, name])
      }
    }
    if (asset.site !== null) unknownSite(asset.site, ['assets', asset.name, 'site'], 'value')
    for (const site of asset.bySite.keys()) unknownSite(site, ['assets', asset.name, 'sites', site], 'key')
  }
}

/**
 * The assets in an order in which each stands behind those that it needs, otherwise as written; each cycle is reported once,
 * by its names. Cost: each asset and each need once, whatever the depth.
 */
export function orderOf(assets: ReadonlyMap<string, readonly string[]>, report: Report): readonly string[] {
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  for (const root of assets.keys()) {
    if (state.has(root)) continue
    // A stack of our own: a chain of thousands would be too deep for the program's.
    const stack: { readonly name: string; next: number }[] = [{ name: root, next: 0 }]
    state.set(root, 'open')
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const need = assets.get(top.name)?.[top.next++]
      if (need === undefined) {
        state.set(top.name, 'done')
        order.push(top.name)
        stack.pop()
      } else if (assets.has(need) && !state.has(need)) {
        state.set(need, 'open')
        stack.push({ name: need, next: 0 })
      } else if (state.get(need) === 'open') {
        const names = stack.slice(stack.findIndex(({ name }) => name === need)).map(({ name }) => name)
        report({ kind: 'cycle', names }, ['assets', top.name, 'needs', need])
      }
    }
  }
  return order
}
