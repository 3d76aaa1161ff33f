import { keySpace } from '../assets/definitions/key-space.ts'
import { told, type ToldProblem } from './assets-check.ts'
import { exitCode } from './exit-code.ts'
import { loadAssets, type AssetsOptions } from './load-assets.ts'
import { withWords } from './waybill-error.ts'

/** One asset, as a list shows it. */
export interface ListedAsset {
  readonly name: string
  /** Assets and external sources, in the written order. */
  readonly needs: readonly string[]
  /** How many keys there are now; null: it is made in one piece. */
  readonly keys: number | null
  readonly site: string
  readonly group: string | null
  readonly description: string | null
}

/** What `listAssets` gives. */
export interface AssetsListOutcome {
  /** Each behind those that it needs; empty where something is wrong. */
  readonly assets: readonly ListedAsset[]
  readonly problems: readonly ToldProblem[]
  readonly exitCode: number
}

/** Lists the assets that are defined at `path`, as `waybill assets list`. @throws WaybillError as `checkAssets`. */
export async function listAssets(path = '.', options: AssetsOptions = {}): Promise<AssetsListOutcome> {
  return withWords(async () => {
    const { read } = await loadAssets('listAssets', path, options, { lookAtCluster: false })
    if (!read.ok) return { assets: [], problems: told(read.failure), exitCode: exitCode.trouble }
    const { assets, order, defaultSite } = read.value
    const now = Date.now() / 1000
    const listed = order.flatMap((name): readonly ListedAsset[] => {
      const asset = assets.get(name)
      if (asset === undefined) return []
      const { partitions, group, description } = asset
      const keys = partitions === null ? null : keySpace(partitions, now).count
      const needs = [...asset.needs, ...asset.observes]
      return [{ name, needs, keys, site: asset.site ?? defaultSite, group, description }]
    })
    return { assets: listed, problems: [], exitCode: exitCode.ok }
  })
}
