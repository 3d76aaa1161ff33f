import { tidyInBackground } from '../dataset/housekeeping.ts'
import { writeOwnFile } from '../dataset/own-file.ts'
import type { Context } from './context.ts'
import { notStored } from './draft.ts'
import { environmentFiles } from './environment-file.ts'
import { aboutJob, type EndedJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import { gather, type Environments } from './gather.ts'
import { land } from './land.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { calledName } from './select.ts'
import { tellTasks } from './tell-tasks.ts'
import { putUnchangedBack } from './writable-files.ts'

/** How often the branch may move under us before we give up. */
const tries = 5

/** Records ended jobs in the order given: one pass over git and git-annex for all of them, one commit each. */
export async function recordJobs(
  context: Context,
  asked: readonly EndedJob[],
  request: FinishRequest,
  report: (report: Report) => void,
): Promise<void> {
  const unlocked = await putAllBack(context, asked, report)
  const told = await tellTasks(context, unlocked, report)
  if (!told.ok) return notSaved(told.failure, unlocked, report)
  const environments = await writeEnvironmentFiles(context, told.value, report)
  const jobs = told.value.filter((ended) => environments.has(ended))
  if (jobs.length === 0) return
  const branch = jobs[0]?.job.branch ?? ''
  const operation = context.newToken()
  let failure: Note | null = null
  for (let attempt = 0; attempt < tries; attempt++) {
    const gathered = await gather(context, jobs, branch, environments, `${operation}-${attempt}`, request)
    const done = gathered.ok ? await land(context, gathered.value, request.landing) : gathered
    if (done.ok) {
      for (const one of done.value) report(one)
      tidyInBackground(context.dataset)
      return
    }
    failure = done.failure
    // Another branch was checked out meanwhile: these records do not belong there.
    if (failure.kind !== 'branch-moved' || failure.found.ref !== branch) break
  }
  if (failure !== null) notSaved(failure, jobs, report)
}

function notSaved(failure: Note, jobs: readonly EndedJob[], report: (report: Report) => void): void {
  report({ action: 'save', status: 'error', path: '.', type: 'dataset', note: failure })
  for (const { job } of jobs) report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
}

/** Puts back what the jobs did not change. A job of which this fails is left out after saying why: it stays open. */
async function putAllBack(
  context: Context,
  jobs: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<readonly EndedJob[]> {
  const ready: EndedJob[] = []
  for (const ended of jobs) {
    const back = await putUnchangedBack(context, ended.job)
    if (back.ok) ready.push(ended)
    else {
      report({ action: 'lock', status: 'error', path: '.', type: 'dataset', note: back.failure })
      report(aboutJob('error', ended.job, { kind: 'not-saved', job: calledName(ended.job) }))
    }
  }
  return ready
}

/**
 * Writes the descriptions into the work tree: they are files of the dataset like the logs beside them. A job whose
 * description cannot be written is left out after saying why: it stays open.
 */
async function writeEnvironmentFiles(
  context: Context,
  jobs: readonly EndedJob[],
  report: (report: Report) => void,
): Promise<Environments> {
  const files = await environmentFiles(context, jobs)
  const written = new Map<EndedJob, string | null>()
  for (const ended of jobs) {
    const { job } = ended
    const file = files.get(ended)
    const trouble =
      file === undefined ? null : writeOwnFile(context.dataset, file.path, file.content, { token: job.token })
    if (trouble === null) written.set(ended, file?.path ?? null)
    else {
      report(notStored(trouble))
      report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
    }
  }
  return written
}
