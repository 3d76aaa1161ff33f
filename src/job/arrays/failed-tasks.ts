import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { compactIndices } from '../../contract/index-set.ts'
import { completedTasks, failedTasks } from './array-part.ts'
import { jobFolder, type Context, type Job } from '../context.ts'
import { failedInRecord, recordOfArray } from './failed-records.ts'
import { replacementOf } from './handover.ts'
import type { Note } from '../note.ts'
import { observe } from '../observe.ts'
import type { TasksAgain } from './only-tasks.ts'
import type { Show } from '../schedule/prepared.ts'
import { reconcile } from '../reconcile.ts'
import { buildRecord } from '../finish/record.ts'
import type { Report } from '../report.ts'
import type { Repeatable } from '../reschedule/repeatable.ts'
import { repeat } from '../reschedule/reschedule.ts'
import type { RescheduleRequest } from '../reschedule/reschedule-request.ts'
import { calledName, findJob, isOpen } from '../select.ts'
import type { Evidence } from '../evidence.ts'
import { statusText } from '../statuses.ts'
import { putUnchangedBack } from '../writable-files.ts'

/** Which tasks of which record are to be run again. */
interface Failed {
  readonly found: Repeatable
  readonly again: TasksAgain
}

/**
 * Submits the tasks of an array again that did not complete, and no others, as one array. The array is an open job whose
 * completed tasks are recorded, and which is closed when the new one is submitted; or a recorded one.
 */
export async function rescheduleFailedTasks(
  context: Context,
  name: string,
  request: RescheduleRequest,
  report: (report: Report) => void,
  show: Show,
): Promise<void> {
  const say = (status: Report['status'], note: Note, commit?: CommitId): void => {
    const facts = commit === undefined ? {} : { facts: { commit } }
    report({ action: 'reschedule', status, path: context.dataset.root, type: 'dataset', note, ...facts })
  }
  await reconcile(context, report)
  const known = findJob(context, name)
  const open = 'job' in known && isOpen(known.job) ? known.job : null
  const failed = open === null ? await ofRecord(context, name) : await ofOpenJob(context, open)
  if (!failed.ok) return say('impossible', failed.failure)
  if (open !== null && !request.onlyReport) {
    // The new job makes them writable for itself.
    const back = await putUnchangedBack(context, open)
    if (!back.ok) return say('error', back.failure)
  }
  const { found, again } = failed.value
  await repeat(context, request, found, report, say, show, again)
  const dir = open?.spec.altDir
  if (dir !== undefined && open !== null && context.ledger.job(open.id)?.state === 'closed')
    say('ok', { kind: 'alt-dir-left', dir })
}

async function ofOpenJob(context: Context, job: Job): Promise<Fallible<Failed, Note>> {
  const name = calledName(job)
  if (job.spec.parts.kind !== 'array') return fail({ kind: 'no-array', job: name })
  if (job.worktree !== context.dataset.root)
    return fail({ kind: 'other-worktree', job: name, worktree: job.worktree })
  const replacement = replacementOf(context, job.id)
  if (replacement !== null) return fail({ kind: 'being-replaced', job: name, by: calledName(replacement) })
  const ended = await endOf(context, job)
  if (!ended.ok) return ended
  const tasks = compactIndices(failedTasks(job, ended.value))
  if (tasks === '') return fail({ kind: 'no-failed-tasks', job: name })
  const completed = compactIndices(completedTasks(job, ended.value))
  if (completed !== '') return fail({ kind: 'record-completed-first', job: name, tasks: completed })
  const [first] = job.recorded
  const found =
    first === undefined
      ? ok(withoutRecord(context, job, ended.value))
      : await recordOfArray(context, job, first.commit)
  if (!found.ok) return found
  const unrecorded = first === undefined ? { stdin: keptStdin(context, job) } : null
  return ok({ found: found.value, again: { tasks, replaces: job.id, unrecorded } })
}

/** How an open array ended, all tasks of which are over; else why it is not to be run again. */
async function endOf(context: Context, job: Job): Promise<Fallible<Evidence, Note>> {
  const name = calledName(job)
  const [seen] = await observe(context, [job], 'states')
  if (seen?.verdict.kind === 'unknown') return fail({ kind: 'job-unknown', job: name, why: seen.verdict.why })
  if (seen?.verdict.kind === 'unanswered')
    return fail({ kind: 'job-unanswered', job: name, why: seen.verdict.why })
  if (seen?.verdict.kind === 'ended' && seen.evidence !== null) return ok(seen.evidence)
  const statuses = statusText(job, seen?.evidence ?? null)
  return fail({ kind: 'not-complete', scheduler: job.scheduler, job: name, statuses, recorded: '' })
}

/** An array of which no task completed has no record: this is what it would be. */
function withoutRecord(context: Context, job: Job, evidence: Evidence): Repeatable {
  const { title, text, record } = buildRecord({
    job,
    evidence,
    part: null,
    version: context.version,
    slurmFiles: [],
    slurmPatterns: [],
    scriptCopy: null,
    outputs: job.spec.outputs,
    logsOutside: [],
    message: null,
  })
  const commit = job.spec.commit ?? ('' as CommitId)
  return { commit, message: { title, text, record }, record, before: commit }
}

function keptStdin(context: Context, job: Job): Buffer | null {
  if (job.spec.script === null || job.spec.script.path !== null) return null
  try {
    return readFileSync(join(jobFolder(context, job.token), 'script'))
  } catch {
    return null
  }
}

async function ofRecord(context: Context, name: string): Promise<Fallible<Failed, Note>> {
  const known = findJob(context, name)
  const job = 'job' in known ? known.job : null
  const events = job === null ? [] : context.ledger.events(job.id)
  const replaced = events.find(({ kind }) => kind === 'replaced')?.data as { readonly by: string } | undefined
  if (replaced !== undefined) return fail({ kind: 'replaced-by', job: name, by: replaced.by })
  const commit = job === null ? null : (job.commit ?? job.recorded[0]?.commit ?? null)
  if (job !== null && commit === null)
    return fail({ kind: 'already-over', job: name, state: job.state, commit: null })
  if ('note' in known && known.note.kind === 'ambiguous-job') return fail(known.note)
  const found = await recordOfArray(context, job ?? name, commit)
  if (!found.ok) return found
  const tasks = await failedInRecord(context, found.value, name)
  return tasks.ok
    ? ok({ found: found.value, again: { tasks: tasks.value, replaces: null, unrecorded: null } })
    : tasks
}
