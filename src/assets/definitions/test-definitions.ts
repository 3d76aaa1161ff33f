import type { ClusterPartition } from '../../slurm/partitions.ts'
import type { Fallible } from '../../contract/fallible.ts'
import type { Asset, Definitions } from './definitions.ts'
import { proveDefinitions } from './load.ts'
import type { Problem } from './problem.ts'
import { readYaml } from './read-yaml.ts'

/** Proves YAML text that lies at the root of a dataset without files. */
export async function prove(
  text: string | Uint8Array,
  cluster: readonly ClusterPartition[] | null = null,
  folder = '/dataset',
): Promise<Fallible<Definitions, readonly Problem[]>> {
  const read = readYaml(Buffer.from(text), 'waybill.yaml')
  if (!read.ok) return read
  const place = { file: `${folder}/waybill.yaml`, root: '/dataset', shown: 'waybill.yaml' }
  return proveDefinitions(read.value, { ...place, askCluster: async () => Promise.resolve(cluster) })
}

/** The problems of a text: `line:column kind` each. */
export async function problemsIn(text: string | Uint8Array): Promise<readonly string[]> {
  const proved = await prove(text)
  return proved.ok ? [] : proved.failure.map(({ kind, where }) => `${where.line}:${where.column} ${kind}`)
}

/** One asset of definitions that must hold. */
export async function assetIn(text: string, name: string): Promise<Asset> {
  const proved = await prove(text)
  const asset = proved.ok ? proved.value.assets.get(name) : undefined
  if (asset === undefined) throw new Error(JSON.stringify(proved))
  return asset
}
