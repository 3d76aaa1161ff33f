import type { ClusterPartition } from '../../slurm/partitions.ts'
import type { Definitions } from './definitions.ts'
import type { Report } from './local-report.ts'
import { nearest } from '../../contract/nearest.ts'
import type { Lack, ValuePath } from './problem.ts'
import { settingsOf, type Settings } from './settings.ts'

/** Reports what assets at Slurm sites ask for and no partition of this machine's cluster has. */
export function checkCluster(
  definitions: Definitions,
  cluster: readonly ClusterPartition[],
  report: Report,
): void {
  for (const asset of definitions.assets.values()) {
    const site = definitions.sites.get(asset.site ?? definitions.defaultSite)
    if (site?.scheduler !== 'slurm') continue
    const path = ['assets', asset.name]
    checkSettings(settingsOf(asset, site, null), asset.name, null, path, cluster, report)
    for (const key of asset.byKey.keys()) {
      checkSettings(settingsOf(asset, site, key), asset.name, key, [...path, 'keys', key], cluster, report)
    }
  }
}

function checkSettings(
  { resources, slurm }: Settings,
  asset: string,
  key: string | null,
  path: ValuePath,
  cluster: readonly ClusterPartition[],
  report: Report,
): void {
  // Another cluster than the one that was asked.
  if (slurm.has('clusters')) return
  const known = cluster.map(({ name }) => name)
  const named = slurm.get('partition')
  const names = named === undefined || named.value === true ? known : named.value.split(',')
  for (const name of names) {
    if (!known.includes(name)) {
      const at = named?.from.kind === 'asset' ? [...path, 'slurm', 'partition'] : path
      report({ kind: 'no-such-partition', name, nearest: nearest(name, known), known }, at)
      return
    }
  }
  const wanted = Object.fromEntries(
    Object.entries(resources).map(([what, sourced]) => [what, sourced.value]),
  ) as { readonly [What in Lack['what']]?: number }
  const lacking = cluster.filter(({ name }) => names.includes(name)).map((one) => lacks(one, wanted))
  if (lacking.length === 0 || lacking.some((lack) => lack.length === 0)) return
  const nearestLack = lacking.toSorted((a, b) => a.length - b.length)[0] ?? []
  const place = key === null ? [...path, 'resources'] : path
  const asked = Object.keys(wanted).join(', ')
  report({ kind: 'no-partition-fits', asset, key, asked, partitions: names, lacking: nearestLack }, place)
}

/** What a partition has too little of: enough nodes must each have the CPUs, memory and GPUs. */
function lacks(
  partition: ClusterPartition,
  { cpus = 0, memory = 0, gpus = 0, nodes = 1, time = 0 }: { readonly [What in Lack['what']]?: number },
): readonly Lack[] {
  const most = (of: (kind: ClusterPartition['nodes'][number]) => number): number =>
    Math.max(0, ...partition.nodes.map(of))
  const found: Lack[] = []
  if (cpus > most((kind) => kind.cpus))
    found.push({ what: 'cpus', asked: cpus, most: most((kind) => kind.cpus) })
  if (memory > most((kind) => kind.memory))
    found.push({ what: 'memory', asked: memory, most: most((kind) => kind.memory) })
  if (gpus > most((kind) => kind.gpus))
    found.push({ what: 'gpus', asked: gpus, most: most((kind) => kind.gpus) })
  const fitting = partition.nodes
    .filter((kind) => kind.cpus >= cpus && kind.memory >= memory && kind.gpus >= gpus)
    .reduce((sum, kind) => sum + kind.count, 0)
  const mostNodes = Math.min(fitting, partition.mostNodes ?? fitting)
  if (nodes > mostNodes && (fitting > 0 || found.length === 0))
    found.push({ what: 'nodes', asked: nodes, most: mostNodes })
  if (partition.timeLimit !== null && time > partition.timeLimit)
    found.push({ what: 'time', asked: time, most: partition.timeLimit })
  return found
}
