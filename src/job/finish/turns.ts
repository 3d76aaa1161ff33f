import type { Context } from '../context.ts'
import { partNames } from '../outcome.ts'
import type { JobLabel } from '../select.ts'
import type { EndedJob } from './ended.ts'

/**
 * An ended job of which the ledger has the row: what names it, what is not in the ledger, and how much there is of it. Of
 * very many no more is kept.
 */
export type Ended = Omit<EndedJob, 'job'> & { readonly job: JobLabel; readonly size: number }

/** So much has a turn at a time, in declared outputs and tasks: some hundred jobs of several files, or one large array. */
const atOnce = 2000

/** An ended job without its row. */
export function withoutRow({ job, ...known }: EndedJob): Ended {
  const { id, scheduler, schedulerId, members, cluster, spec } = job
  const size = spec.outputs.length + partNames(spec.parts).length
  return { ...known, job: { id, scheduler, schedulerId, members, cluster }, size }
}

/** Jobs in the order in which they ended. */
export function inOrder(jobs: readonly Ended[]): readonly Ended[] {
  return jobs.toSorted((a, b) => (a.evidence.ended ?? 0) - (b.evidence.ended ?? 0) || a.job.id - b.job.id)
}

/** Ended jobs with their rows, read anew at each walk, and so many at a time that their number is not felt in memory. */
export function* inTurns(context: Context, ended: readonly Ended[]): Generator<readonly EndedJob[]> {
  for (const turn of turnsOf(ended)) {
    const rows = context.ledger.jobsOf(turn.map(({ job }) => job.id))
    const byId = new Map(rows.map((job) => [job.id, job]))
    yield turn.flatMap(({ size: _size, ...known }) => {
      const job = byId.get(known.job.id)
      return job === undefined ? [] : [{ ...known, job }]
    })
  }
}

/** Cuts jobs into turns; one that is larger than a turn has one of its own. */
export function* turnsOf<One extends Pick<Ended, 'size'>>(jobs: readonly One[]): Generator<readonly One[]> {
  let turn: One[] = []
  let room = atOnce
  for (const one of jobs) {
    if (turn.length > 0 && one.size > room) {
      yield turn
      turn = []
      room = atOnce
    }
    turn.push(one)
    room -= one.size
  }
  if (turn.length > 0) yield turn
}
