import type { Asset, External, LocallyValid, Site } from './definitions.ts'
import type { Report } from './local-report.ts'
import { readAsset } from './read-asset.ts'
import { readDefaults } from './read-overrides.ts'
import type { PathPlace } from './read-paths.ts'
import type { Written } from './written.ts'

/** Where nothing is said of sites, jobs run on this machine. */
const implicitSite: Site = { name: 'here', scheduler: 'local', defaults: { resources: {}, slurm: new Map() } }

/** Reads each definition by itself; all that is wrong is reported, and what is not wrong is given. */
export function readDefinitions(written: Written, place: PathPlace, report: Report): LocallyValid {
  const sites = new Map<string, Site>()
  for (const [name, site] of Object.entries(written.sites ?? {})) {
    const path = ['sites', name]
    sites.set(name, {
      name,
      scheduler: site.scheduler,
      defaults: readDefaults(site, [...path, 'defaults'], report),
    })
  }
  if (written.sites === undefined) sites.set(implicitSite.name, implicitSite)
  const externals = new Map<string, External>()
  for (const [name, { observe, description }] of Object.entries(written.external ?? {})) {
    const path = ['external', name]
    if (observe.trim() === '') report({ kind: 'empty-value' }, [...path, 'observe'])
    if (observe.includes('\0')) report({ kind: 'forbidden-character' }, [...path, 'observe'])
    externals.set(name, { name, observe, description: description ?? null })
  }
  const assets = new Map<string, Asset>()
  const external = new Set(externals.keys())
  for (const [name, one] of Object.entries(written.assets ?? {})) {
    const asset = readAsset(name, one, external, place, report)
    if (asset !== null) assets.set(name, asset)
  }
  const [only] = sites.keys()
  const defaultSite = written.defaultSite ?? (sites.size === 1 ? (only ?? null) : null)
  return { sites, defaultSite, assets, externals }
}
