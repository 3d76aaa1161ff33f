import type { JobId } from '../../contract/ids.ts'
import type { Context } from '../context.ts'
import { inPieces, oneByOne } from '../in-pieces.ts'
import { logFiles, placeInDataset } from '../logs-plan.ts'

/** The logs, root-relative, of jobs that are or were open in this worktree since it was first asked for them. */
export type OpenLogs = () => ReadonlySet<string>

/**
 * Logs must not be taken for outputs of other jobs, also those of jobs that come while a finish is at work. Each job is read
 * once: finishes of very many come back for them again and again.
 */
export function openLogs(context: Context): OpenLogs {
  const { root } = context.dataset
  const logs = new Set<string>()
  const known = new Set<JobId>()
  return () => {
    const fresh = [...context.ledger.openIdsIn(root)].filter((id) => !known.has(id))
    for (const job of oneByOne(inPieces(context, fresh))) {
      // Of these there may be more to come.
      if (job.schedulerId !== null && job.members.length === 0) known.add(job.id)
      for (const { place } of logFiles(job)) {
        const path = place.kind === 'path' ? placeInDataset(root, job.spec, place.path) : null
        if (path !== null) logs.add(path)
      }
    }
    return logs
  }
}
