import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { readHead } from '../dataset/head.ts'
import { readLog, resolveRevision, type LoggedCommit, type LogRequest } from '../dataset/log.ts'
import { readMessage } from '../provenance/message.ts'
import type { RunRecord } from '../provenance/record.ts'
import type { Context, Job } from './context.ts'
import type { Note } from './note.ts'

/**
 * The commit that holds a job's record now. After a rebase that is not the one the ledger knows: history is searched for
 * its token then. On another branch it may still be the one.
 */
export async function recordOf(
  context: Context,
  job: Job,
  known: CommitId,
): Promise<Fallible<LoggedCommit | null, Note>> {
  const there = (await resolveRevision(context.dataset, known)).ok
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  if (there && head.value.commit !== null) {
    const beside = await newest(context, { revisions: [`${head.value.commit}..${known}`] })
    if (!beside.ok) return beside
    if (beside.value === null) return newest(context, { revisions: [known] })
  }
  const containing = `"token": "${job.token}"`
  if (head.value.commit !== null) {
    const here = await newest(context, { revisions: [head.value.commit], containing })
    if (!here.ok || here.value !== null) return here
  }
  return newest(context, there ? { revisions: [known] } : { revisions: ['--branches'], containing })
}

/** The newest commit that fits, or null. */
export async function newest(
  context: Context,
  request: Pick<LogRequest, 'revisions' | 'containing' | 'paths'>,
): Promise<Fallible<LoggedCommit | null, Note>> {
  const logged = await readLog(context.dataset, { ...request, order: 'newest-first', limit: 1 })
  return logged.ok ? ok(logged.value[0] ?? null) : logged
}

/** The newest record of the Slurm job that fits, else the newest of all; a text that only speaks of it is none. */
export async function bySlurmId(
  context: Context,
  id: string,
  fits: (record: RunRecord) => boolean = () => true,
): Promise<Fallible<LoggedCommit | null, Note>> {
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  if (head.value.commit === null) return ok(null)
  const logged = await readLog(context.dataset, {
    revisions: [head.value.commit],
    order: 'newest-first',
    containing: `"slurm_job_id": ${id}`,
  })
  if (!logged.ok) return logged
  const own = logged.value.flatMap((one) => {
    const read = readMessage(one.message)
    if (!read.ok || typeof read.value.record === 'string') return []
    const { record } = read.value
    const ids = [record.slurm_job_id, ...memberIds(record.waybill?.['jobs'])]
    return ids.includes(Number(id)) ? [{ one, record }] : []
  })
  const found = own.find(({ record }) => fits(record)) ?? own[0]
  return ok(found?.one ?? null)
}

/** The ids of all jobs of a command that submitted several. */
function memberIds(jobs: unknown): readonly unknown[] {
  if (!Array.isArray(jobs)) return []
  return jobs.map((job: unknown) =>
    typeof job === 'object' && job !== null && 'slurm_job_id' in job ? job.slurm_job_id : null,
  )
}
