import { allNotes } from './alt-notes.ts'
import type { Neighbour } from './alt-plan.ts'
import type { Context, Job } from '../context.ts'
import { isOpen } from '../select.ts'

/** The other open jobs that use the same alternative directory and have all they need there. */
export function neighboursOf(context: Context, job: Pick<Job, 'id'>, dir: string): readonly Neighbour[] {
  return allNotes(context).flatMap((notes) => {
    if (notes.dir !== dir || !notes.ready || notes.job === job.id) return []
    const other = context.ledger.job(notes.job)
    return other !== null && isOpen(other) ? [{ job: other, notes }] : []
  })
}
