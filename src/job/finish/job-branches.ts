import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { readBranches } from '../../dataset/make-branches.ts'
import type { Context } from '../context.ts'
import { aboutJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { calledName, type JobLabel } from '../select.ts'
import type { Ended } from './turns.ts'

/** A merge of more branches is refused, as documented; the tools that show history are not made for it. */
const mostMerged = 64

/** The branch for one job's record, as datalad-slurm calls it, without `refs/heads/`. */
export function branchOf(job: JobLabel): string {
  return `slurm-job-branch-${calledName(job)}`
}

/** Fails when the commits of so many jobs cannot land as asked; nothing has been changed then. */
export function checkLanding(
  jobs: readonly Ended[],
  landing: FinishRequest['landing'],
  hasCommit: boolean,
): Fallible<null, Note> {
  if (landing !== 'branch' && !hasCommit) return fail({ kind: 'no-commit-yet' })
  if (landing === 'octopus' && jobs.length > mostMerged)
    return fail({ kind: 'too-many-to-merge', jobs: jobs.length, most: mostMerged })
  return ok(null)
}

/** Those jobs whose branches can be made. Says of the others what stands in the way: they stay open. */
export async function withFreeBranches(
  context: Context,
  jobs: readonly Ended[],
  report: (report: Report) => void,
): Promise<Fallible<readonly Ended[], Note>> {
  const there = await readBranches(
    context.dataset,
    jobs.map(({ job }) => `refs/heads/${branchOf(job)}`),
  )
  if (!there.ok) return there
  const taken = [...there.value.keys()].map((ref) => ref.replace('refs/heads/', ''))
  const free: Ended[] = []
  const ours = new Set<string>()
  for (const ended of jobs) {
    const branch = branchOf(ended.job)
    const other =
      taken.find((name) => name === branch || name.startsWith(`${branch}/`)) ??
      // Slurm's ids of two clusters may be the same.
      (ours.has(branch) ? branch : undefined)
    if (other === undefined) {
      free.push(ended)
      ours.add(branch)
    } else {
      const note = { kind: 'branch-taken', job: calledName(ended.job), branch, taken: other } as const
      report(aboutJob('impossible', ended.job, note))
    }
  }
  return ok(free)
}
