import { aboutJob } from './ended.ts'
import type { Context, Job } from './context.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen } from './select.ts'

/** The open jobs of this worktree that `finish` is to look at; says of the others why not. */
export function chooseJobs(
  context: Context,
  request: FinishRequest,
  report: (report: Report) => void,
): readonly Job[] {
  if (request.jobs.length === 0) {
    const open = context.ledger.openJobs()
    for (const job of open.filter(({ worktree }) => worktree !== context.dataset.root)) {
      report(
        aboutJob('notneeded', job, { kind: 'other-worktree', job: calledName(job), worktree: job.worktree }),
      )
    }
    return open.filter(({ worktree }) => worktree === context.dataset.root)
  }
  const chosen: Job[] = []
  for (const name of request.jobs) {
    const found = findJob(context, name)
    if (!('job' in found)) report(aboutJob('impossible', null, found.note))
    else if (!isOpen(found.job)) {
      const { state, commit } = found.job
      report(aboutJob('notneeded', found.job, { kind: 'already-over', job: name, state, commit }))
    } else if (found.job.worktree !== context.dataset.root) {
      const note = { kind: 'other-worktree', job: name, worktree: found.job.worktree } as const
      report(aboutJob('impossible', found.job, note))
    } else if (!chosen.some((job) => job.id === found.job.id)) chosen.push(found.job)
  }
  return chosen
}
