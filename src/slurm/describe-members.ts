import { readArraySpec } from '../contract/array-spec.ts'
import { compactIndices } from '../contract/index-set.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import type { Member } from '../contract/scheduler.ts'
import type { QuerySettings } from './query.ts'
import type { JobRecord } from './scontrol.ts'
import { jobOf, showEach } from './show-jobs.ts'
import type { PrintedId } from './submit-outcome.ts'

/** What `scontrol` writes for `%a` where tasks are still folded together: Slurm's "no value". */
const noTask = '4294967294'

/**
 * Jobs of which no more is known than their id, as `scontrol` describes them. What it has forgotten is taken for a plain
 * job that keeps no log.
 */
export async function describeMembers(
  settings: QuerySettings,
  jobs: readonly PrintedId[],
  since: EpochSeconds,
): Promise<readonly Member[]> {
  const members: Member[] = []
  for (const [cluster, own] of Map.groupBy(jobs, (job) => job.cluster)) {
    const shown = await showEach(
      settings,
      own.map(({ id }) => id),
      cluster,
    )
    const records = Map.groupBy(shown.ok ? shown.value : [], jobOf)
    members.push(...own.map((job) => memberOf(job, records.get(job.id) ?? [], since)))
  }
  return members.toSorted((a, b) => Number(a.id) - Number(b.id))
}

function memberOf(
  { id, cluster }: PrintedId,
  records: readonly JobRecord[],
  submittedAt: EpochSeconds,
): Member {
  const first = records.find((record) => record['JobId'] === id) ?? records[0] ?? {}
  const tasks = records.flatMap((record) => readArraySpec(record['ArrayTaskId'] ?? '')?.indices ?? [])
  const pattern = (name: 'StdOut' | 'StdErr'): string | null => patternOf(first, first[name], id)
  const stdout = pattern('StdOut')
  const stderr = pattern('StdErr')
  return {
    id,
    cluster,
    submittedAt,
    array: tasks.length === 0 ? null : compactIndices([...new Set(tasks)].toSorted((a, b) => a - b)),
    components: Math.max(1, records.filter((record) => record['HetJobId'] === id).length),
    stdout: stdout ?? (records.length === 0 ? '/dev/null' : null),
    stderr: stderr === stdout ? null : stderr,
    workDir: first['WorkDir'] ?? null,
    jobName: first['JobName'] ?? null,
  }
}

/** The pattern that a name was made from, as well as that can be told from one task's. */
function patternOf(record: JobRecord, name: string | undefined, id: string): string | null {
  if (name === undefined || name === '') return null
  const task = record['ArrayTaskId'] ?? ''
  const whole = name.replaceAll(noTask, '%a')
  return /^\d+$/.test(task) ? whole.replace(`${id}_${task}`, '%A_%a') : whole
}
