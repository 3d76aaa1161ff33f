import type { RecordedJob } from '../../ledger/moves.ts'
import type { Context } from '../context.ts'
import type { Patience } from '../../dataset/index-lock.ts'

/** Which commit records which job. */
export type Recorded = readonly RecordedJob[]

/** How long the user's own git may hold the index before we say so. */
export function patience(context: Context): Patience {
  return { seconds: 10, sleep: context.sleep, now: context.now }
}

/** Marks jobs as recorded and ends the move that made their commits, in one transaction. */
export function markRecorded(context: Context, operation: string, jobs: Recorded): void {
  context.ledger.transaction(() => {
    for (const one of jobs) markOne(context, one)
    context.ledger.endMove(operation)
  })
}

function markOne(context: Context, { job: id, commit, tasks }: RecordedJob): void {
  const job = context.ledger.job(id)
  if (tasks !== undefined) {
    const recorded = [...(job?.recorded ?? []), { tasks, commit }]
    context.ledger.change(id, context.now(), 'tasks-recorded', { recorded }, { tasks, commit })
    return
  }
  const late = job?.observed?.accounting === 'pending'
  context.ledger.change(id, context.now(), 'recorded', { state: 'recorded', commit }, { commit })
  if (late) context.ledger.awaitFacts(id)
}
