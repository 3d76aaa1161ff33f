import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { JobReference } from '../contract/scheduler.ts'
import { belongs } from './belongs.ts'
import type { SlurmFailure } from './failure.ts'
import type { QuerySettings } from './query.ts'
import { showJob, showManyJobs } from './scontrol.ts'
import type { JobRecord } from './scontrol.ts'

/** So many jobs are asked about one by one: that needs no input. */
const few = 2

/** Beyond so many, one question about all jobs of the cluster is the lighter one all the same. */
const many = 300

/** The records of some jobs of one cluster. */
export async function showEach(
  settings: QuerySettings,
  ids: readonly string[],
  cluster: string | null,
): Promise<Fallible<readonly JobRecord[], SlurmFailure>> {
  if (ids.length > many) return showJob(settings, null, cluster)
  if (ids.length > few) return showManyJobs(settings, ids, cluster)
  const records: JobRecord[] = []
  for (const id of ids) {
    const answer = await showJob(settings, id, cluster)
    if (!answer.ok) return answer
    records.push(...answer.value)
  }
  return ok(records)
}

/** The id under which people know the job that a record is a part of. */
export function jobOf(record: JobRecord): string {
  return record['ArrayJobId'] ?? record['HetJobId'] ?? record['JobId'] ?? ''
}

/** One record of each job that `scontrol` knows: its own where it is an array or heterogeneous, else its first part's. */
export async function showJobs(
  settings: QuerySettings,
  jobs: readonly JobReference[],
  cluster: string | null,
): Promise<ReadonlyMap<JobReference, JobRecord>> {
  const answer = await showEach(
    settings,
    jobs.map(({ id, task }) => (task === undefined ? id : `${id}_${task}`)),
    cluster,
  )
  const byJob = Map.groupBy(answer.ok ? answer.value : [], jobOf)
  return new Map(
    jobs.flatMap((job) => {
      const ours = (byJob.get(job.id) ?? []).filter((record) => isOf(job, record))
      const record = ours.find((each) => each['JobId'] === job.id) ?? ours[0]
      return record === undefined ? [] : [[job, record] as const]
    }),
  )
}

/** Ids are reused: another job may bear it by now. */
function isOf(job: JobReference, record: JobRecord): boolean {
  const submitted = Date.parse(record['SubmitTime'] ?? '') / 1000
  const words = record['Comment'] ?? ''
  return belongs(job, { submitted: Number.isNaN(submitted) ? null : submitted, words })
}
