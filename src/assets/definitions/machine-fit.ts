import type { Capacity } from '../../contract/scheduler.ts'
import type { Definitions } from './definitions.ts'
import type { Report } from './local-report.ts'
import type { Lack, ValuePath } from './problem.ts'
import { settingsOf, type Settings } from './settings.ts'

/** Reports what assets at local sites ask for and this machine does not have. */
export function checkMachine(definitions: Definitions, machine: Capacity, report: Report): void {
  for (const asset of definitions.assets.values()) {
    const site = definitions.sites.get(asset.site ?? definitions.defaultSite)
    if (site?.scheduler !== 'local') continue
    const path: ValuePath = ['assets', asset.name]
    const look = (key: string | null, at: ValuePath): void => {
      const lacking = lacksHere(settingsOf(asset, site, key), machine)
      if (lacking.length > 0) report({ kind: 'machine-lacks', key, lacking }, at)
    }
    look(null, [...path, 'resources'])
    for (const key of asset.byKey.keys()) look(key, [...path, 'keys', key])
  }
}

/** One quantity of which this machine has less than was asked for. */
export type LackHere = Lack & { readonly what: 'cpus' | 'memory' | 'gpus' }

/** What this machine has less of than settings ask for. */
export function lacksHere({ resources }: Settings, machine: Capacity): readonly LackHere[] {
  return (['cpus', 'memory', 'gpus'] as const).flatMap((what) => {
    const asked = resources[what]?.value ?? 0
    return asked > machine[what] ? [{ what, asked, most: machine[what] }] : []
  })
}
