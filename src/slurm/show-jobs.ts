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

/** So many processes ask at once for their share: each question waits for the controller's answer to the one before it. */
const atOnce = 4

/** Nobody asks for less than this beside another. */
const leastShare = 8

/** Beyond so many, one question about all jobs of the cluster is the lighter one all the same. */
const many = 300

/** The records of some jobs of one cluster. */
export async function showEach(
  settings: QuerySettings,
  ids: readonly string[],
  cluster: string | null,
): Promise<Fallible<readonly JobRecord[], SlurmFailure>> {
  if (ids.length > many) return showJob(settings, null, cluster)
  if (ids.length > few) return showShares(settings, ids, cluster)
  const records: JobRecord[] = []
  for (const id of ids) {
    const answer = await showJob(settings, id, cluster)
    if (!answer.ok) return answer
    records.push(...answer.value)
  }
  return ok(records)
}

async function showShares(
  settings: QuerySettings,
  ids: readonly string[],
  cluster: string | null,
): Promise<Fallible<readonly JobRecord[], SlurmFailure>> {
  const size = Math.max(leastShare, Math.ceil(ids.length / atOnce))
  const shares = Array.from({ length: Math.ceil(ids.length / size) }, (_, i) =>
    ids.slice(i * size, (i + 1) * size),
  )
  const answers = await Promise.all(shares.map(async (share) => showManyJobs(settings, share, cluster)))
  const records: JobRecord[] = []
  for (const answer of answers) {
    if (!answer.ok) return answer
    records.push(...answer.value)
  }
  return ok(records)
}

/** The id under which people know the job that a record is a part of. */
export function jobOf(record: JobRecord): string {
  return record['ArrayJobId'] ?? record['HetJobId'] ?? record['JobId'] ?? ''
}

/** How a job that is to be described is named: of a large array by one of its tasks. */
export function idToShow({ id, task }: JobReference): string {
  return task === undefined ? id : `${id}_${task}`
}

/** One of these records for each job that has one: its own where it is an array or heterogeneous, else its first part's. */
export function recordsOfJobs(
  jobs: readonly JobReference[],
  records: readonly JobRecord[],
): ReadonlyMap<JobReference, JobRecord> {
  const byJob = Map.groupBy(records, jobOf)
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
