import { ok, type Fallible } from '../contract/fallible.ts'
import type { SlurmFailure } from './failure.ts'
import { fieldSeparator, query, type QuerySettings } from './query.ts'
import { readDuration } from './values.ts'

/** Nodes of one kind in a partition. CPUs, bytes and GPUs are of each. */
interface NodeKind {
  readonly count: number
  readonly cpus: number
  readonly memory: number
  readonly gpus: number
}

/** What one partition of a cluster has. */
export interface ClusterPartition {
  readonly name: string
  readonly up: boolean
  /** Seconds (MaxTime); null: no limit. */
  readonly timeLimit: number | null
  /** The most nodes that one job may have; null: no limit. */
  readonly mostNodes: number | null
  readonly nodes: readonly NodeKind[]
}

/** sinfo(1), --format: partition, availability, time limit, nodes a job may have, nodes, CPUs, MiB, GRES. */
export const partitionFormat = ['%R', '%a', '%l', '%s', '%D', '%c', '%m', '%G'].join(fieldSeparator)

/** Asks slurmctld what its partitions have (`sinfo`), once; nodes that are down count: they come back. */
export async function askPartitions(
  settings: QuerySettings,
): Promise<Fallible<readonly ClusterPartition[], SlurmFailure>> {
  const answer = await query(settings, 'sinfo', ['-h', '-a', '-e', '-o', partitionFormat])
  return answer.ok ? ok(readPartitions(answer.value.stdout)) : answer
}

/** Reads what `sinfo -e -o` prints in that format: a line for each kind of node of each partition. */
export function readPartitions(text: string): readonly ClusterPartition[] {
  const partitions = new Map<string, ClusterPartition>()
  for (const line of text.split('\n')) {
    const fields = line.split(fieldSeparator)
    const [name = '', state = '', limit = '', size = '', count = '', cpus = '', memory = '', gres = ''] =
      fields
    if (fields.length !== 8) continue
    const before = partitions.get(name)
    const kind = {
      count: Number(count),
      cpus: number(cpus),
      memory: number(memory) * 1024 ** 2,
      gpus: gpusOf(gres),
    }
    partitions.set(name, {
      name,
      up: state === 'up',
      timeLimit: readDuration(limit),
      mostNodes: mostOf(size),
      nodes: [...(before?.nodes ?? []), kind],
    })
  }
  return [...partitions.values()]
}

/** `16`, and `16+` where nodes differ. */
function number(text: string): number {
  return Number(/^\d+/.exec(text)?.[0] ?? 0)
}

/** `1-infinite`, `1-4`, `1`. */
function mostOf(text: string): number | null {
  const last = text.split('-').at(-1) ?? ''
  return /^\d+$/.test(last) ? Number(last) : null
}

/** `gpu:a100:4(S:0-1),gpu:2,shard:8`: GPUs of all types together. */
function gpusOf(gres: string): number {
  return gres
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .reduce((sum, part) => {
      const match = /^gpu(?::[^:]+)?:(\d+)$/.exec(part)
      return sum + (match === null ? (part === 'gpu' ? 1 : 0) : Number(match[1]))
    }, 0)
}
