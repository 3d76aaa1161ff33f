import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { SlurmFailure } from './failure.ts'
import { query } from './query.ts'
import type { QuerySettings } from './query.ts'

/** What we need to know of a cluster's configuration. Null: it does not say. */
export interface SlurmConfig {
  readonly clusterName: string | null
  /** Seconds. */
  readonly messageTimeout: number | null
  /** Seconds that slurmctld remembers a job that is over. */
  readonly minJobAge: number | null
  /** One more than the highest index that an array may have. */
  readonly maxArraySize: number | null
  /** Jobs and array tasks that slurmctld keeps in memory. */
  readonly maxJobCount: number | null
  /** Whether limits of associations and QOS hold (AccountingStorageEnforce). */
  readonly enforcesLimits: boolean
}

/** Asks slurmctld for its configuration (`scontrol show config`), once. */
export async function askConfig(settings: QuerySettings): Promise<Fallible<SlurmConfig, SlurmFailure>> {
  const answer = await query(settings, 'scontrol', ['show', 'config'])
  return answer.ok ? ok(readConfig(answer.value.stdout)) : answer
}

/** Reads what `scontrol show config` prints. */
export function readConfig(text: string): SlurmConfig {
  const values = new Map(
    [...text.matchAll(/^(\S+)[ \t]*= ?(.*)$/gm)].map(([, key = '', value = '']) => [key, value.trim()]),
  )
  const word = (key: string): string | null => {
    const value = values.get(key)
    return value === undefined || value === '' || value === '(null)' ? null : value
  }
  const count = (key: string): number | null => {
    const digits = /^\d+/.exec(values.get(key) ?? '')?.[0]
    return digits === undefined ? null : Number(digits)
  }
  return {
    clusterName: word('ClusterName'),
    messageTimeout: count('MessageTimeout'),
    minJobAge: count('MinJobAge'),
    maxArraySize: count('MaxArraySize'),
    maxJobCount: count('MaxJobCount'),
    enforcesLimits: /limits|safe/.test(word('AccountingStorageEnforce') ?? ''),
  }
}
