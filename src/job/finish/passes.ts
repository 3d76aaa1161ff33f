import type { JobId } from '../../contract/ids.ts'
import type { Job } from '../context.ts'
import type { EndedJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import { partNames } from '../outcome.ts'

/** An ended job that waits for its turn: of very many only what is not in the ledger is kept, and how much there is of it. */
export type Ended = Omit<EndedJob, 'job'> & { readonly id: JobId; readonly size: number }

/** So much is recorded at a time, in declared outputs and tasks: some hundred jobs of several files, or one large array. */
const atOnce = 2000

export function withoutJob({ job, ...known }: EndedJob): Ended {
  return { ...known, id: job.id, size: job.spec.outputs.length + partNames(job.spec.parts).length }
}

/**
 * Ended jobs in the order in which they ended, in pieces that are recorded one after the other: each is one pass over the
 * repository and one move of its branch. What is merged in one commit is recorded at once.
 */
export function inPasses(
  ended: readonly Ended[],
  landing: FinishRequest['landing'],
): readonly (readonly Ended[])[] {
  const sorted = ended.toSorted((a, b) => (a.evidence.ended ?? 0) - (b.evidence.ended ?? 0) || a.id - b.id)
  if (landing === 'octopus') return [sorted]
  const passes: Ended[][] = []
  let room = 0
  for (const one of sorted) {
    const last = passes.at(-1)
    if (last === undefined || one.size > room) {
      passes.push([one])
      room = atOnce - one.size
    } else {
      last.push(one)
      room -= one.size
    }
  }
  return passes
}

/** Those of a pass whose rows are at hand, as they are to be recorded. */
export function withJobs(pass: readonly Ended[], rows: readonly Job[]): readonly EndedJob[] {
  const byId = new Map(rows.map((job) => [job.id, job]))
  return pass.flatMap(({ id, size: _size, ...known }) => {
    const job = byId.get(id)
    return job === undefined ? [] : [{ ...known, job }]
  })
}
