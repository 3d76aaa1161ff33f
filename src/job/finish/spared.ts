import { dirname } from 'node:path'
import type { JobId } from '../../contract/ids.ts'
import type { Spared } from '../../dataset/take-out.ts'
import { coversAny } from '../../ledger/covers.ts'
import { isPattern, literalPrefix } from '../../ledger/path-pattern.ts'
import type { Context, Job } from '../context.ts'
import { logFiles, placeInDataset } from '../logs-plan.ts'

/** What other open jobs of a worktree may be writing, or will: it is theirs, and so are the folders they count on. */
export function sparedForOthers(context: Context, worktree: string, own: ReadonlySet<JobId>): Spared {
  const others = context.ledger.openJobsIn(worktree).filter((job) => !own.has(job.id))
  const logs = others.flatMap((job) => logsInside(worktree, job))
  const files = new Set(logs.filter((path) => !isPattern(path)))
  const declared = [...others.flatMap(({ spec }) => spec.outputs), ...logs.filter(isPattern)]
  const folders = new Set<string>()
  for (const path of [...declared.map(literalPrefix), ...files, ...others.map(({ spec }) => spec.pwd)]) {
    for (let at = path; at !== '.' && at !== '' && !folders.has(at); at = dirname(at)) folders.add(at)
  }
  const isDeclared = coversAny(declared)
  return {
    file: (path) => files.has(path) || isDeclared(path),
    folder: (path) => folders.has(path),
  }
}

function logsInside(root: string, job: Job): readonly string[] {
  return logFiles(job).flatMap(({ place }) => {
    if (place.kind === 'discarded') return []
    return placeInDataset(root, job.spec, place.kind === 'path' ? place.path : place.pattern) ?? []
  })
}
