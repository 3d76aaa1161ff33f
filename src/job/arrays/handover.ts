import { jobName, type JobId } from '../../contract/ids.ts'
import type { JobChange, NewJob } from '../../ledger/job-row.ts'
import type { Context, Job, JobLedger } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import { checkLease } from '../lease.ts'
import { isOpen } from '../select.ts'
import type { JobSpec } from '../spec.ts'
import { removedFiles } from '../writable-files.ts'

/** What is noted of a job when its scheduler has it. */
export type Submitted = Required<Pick<JobChange<Evidence>, 'schedulerId' | 'cluster' | 'submittedAt'>> &
  Pick<JobChange<Evidence>, 'members'>

/**
 * Notes that a job is submitted; false when that is known already. The job whose failed tasks it runs again is closed in
 * the same step: from then on the new one has its outputs.
 */
export function noteSubmitted(
  context: Context,
  id: JobId,
  kind: 'submitted' | 'found' | 'adopted',
  change: Submitted,
  data: unknown = {},
): boolean {
  const { ledger } = context
  // It is looked for by its token where this is lost.
  return ledger.unforced(() =>
    ledger.transaction(() => {
      if (!ledger.change(id, context.now(), kind, { state: 'submitted', held: null, ...change }, data))
        return false
      const replaced = ledger.job(id)?.spec.replaces
      if (replaced === undefined) return true
      const removed = removedFiles(context, replaced)
      if (ledger.change(replaced, context.now(), 'replaced', { state: 'closed' }, { by: jobName(id) }))
        ledger.keepWritable(id, removed)
      return true
    }),
  )
}

/** The open job that runs this one's failed tasks again: until it is known to be submitted both are open. */
export function replacementOf(context: Context, id: JobId): Job | null {
  return context.ledger.replacementOf(id)
}

/**
 * Notes a job before it is submitted, or says what stands in the way; `taken`: the job whose failed tasks it runs again was
 * finished, closed or run again meanwhile. @throws LeaseLost where the lease that it is done under is another's by now.
 */
export function intendJob(
  context: Context,
  job: Omit<NewJob<JobSpec>, 'replaces' | 'run'>,
  reserved: readonly string[],
  check: boolean,
): ReturnType<JobLedger['intend']> | { readonly taken: true } {
  const { replaces, asset } = job.spec
  return context.ledger.transaction(() => {
    checkLease(context)
    return replaces === undefined || mayBeReplaced(context, replaces)
      ? context.ledger.intend({ ...job, replaces: replaces ?? null, run: asset?.run ?? null }, reserved, {
          check,
          except: replaces ?? null,
        })
      : { taken: true }
  })
}

function mayBeReplaced(context: Context, id: JobId): boolean {
  const job = context.ledger.job(id)
  const moving = context.ledger.pendingMoves().some(({ jobs }) => jobs.some((one) => one.job === id))
  return job !== null && isOpen(job) && !moving && replacementOf(context, id) === null
}
