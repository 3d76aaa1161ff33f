import { ok, type Fallible } from '../../contract/fallible.ts'
import { phaseOf } from '../../contract/job-state.ts'
import { endOfOptions } from '../../slurm/end-of-options.ts'
import type { Context, Job } from '../context.ts'
import { schedulerJobs } from '../members/members.ts'
import type { Note } from '../note.ts'
import { observe } from '../observe.ts'
import { calledName, findJob, isOpen } from '../select.ts'
import { statusText } from '../statuses.ts'
import type { Command } from './command.ts'
import type { ScheduleRequest } from './request.ts'

/** `--after`: the open jobs to wait for, as sbatch says it. Jobs that have completed need no waiting. */
export async function waitFor(
  context: Context,
  request: ScheduleRequest,
  command: Command,
): Promise<Fallible<readonly string[], Note>> {
  // Directly behind the word `sbatch`: what is launched takes the place of the last words.
  if (request.inGraph !== undefined) return ok(command.words.toSpliced(1, 0, ...request.inGraph.options))
  if (request.after.length === 0) return ok(command.words)
  if (command.submitsItself) return { ok: false, failure: { kind: 'after-needs-sbatch' } }
  if (command.sbatch === null) return { ok: false, failure: { kind: 'after-needs-slurm' } }
  const jobs: Job[] = []
  for (const name of request.after) {
    const found = findJob(context, name)
    const fit =
      'job' in found && isOpen(found.job) && found.job.scheduler === 'slurm' && found.job.schedulerId !== null
    if (!fit) return { ok: false, failure: { kind: 'after-unknown', job: name } }
    jobs.push(found.job)
  }
  const ids: string[] = []
  // Slurm starts at once what waits for a job that it has forgotten.
  for (const { job, verdict, evidence } of await observe(context, jobs, 'states')) {
    const name = calledName(job)
    if (verdict.kind === 'unanswered')
      return { ok: false, failure: { kind: 'job-unanswered', job: name, why: verdict.why } }
    const failed = evidence?.groups.some(
      ({ state }) => phaseOf(state) === 'over' && state !== 'COMPLETED' && job.members.length > 0,
    )
    if (verdict.kind === 'unknown' || failed || (verdict.kind === 'ended' && verdict.how === 'failed')) {
      return { ok: false, failure: { kind: 'after-failed', job: name, states: statusText(job, evidence) } }
    }
    if (verdict.kind !== 'ended') ids.push(...schedulerJobs(job).map(({ id }) => id))
  }
  if (ids.length === 0) return ok(command.words)
  const before = command.sbatch.components[0].dependency
  const dependency = [...(before === null ? [] : [before]), `afterok:${ids.join(':')}`].join(',')
  return ok(
    command.words.toSpliced(endOfOptions(command.words, command.sbatch), 0, `--dependency=${dependency}`),
  )
}
