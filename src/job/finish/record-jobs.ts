import { join } from 'node:path'
import type { JobId } from '../../contract/ids.ts'
import { readHead } from '../../dataset/head.ts'
import { writeOwnFile } from '../../dataset/own-file.ts'
import { bringAllBack } from '../alt-dir/alt-outputs.ts'
import { makeAside } from './aside.ts'
import type { Context } from '../context.ts'
import { environmentFiles, type Environments } from './environment-file.ts'
import { aboutJob, type EndedJob, type EndFacts } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import { gather } from './gather.ts'
import { checkLanding, withFreeBranches } from './job-branches.ts'
import { land } from './land.ts'
import { notStored } from './make-draft.ts'
import type { Note } from '../note.ts'
import { openLogs, type OpenLogs } from './open-logs.ts'
import { recordBelow } from './record-below.ts'
import type { Report } from '../report.ts'
import { changedScripts } from './script-news.ts'
import { calledName } from '../select.ts'
import { tellTasks } from '../arrays/tell-tasks.ts'
import { inTurns, withoutRow, type Ended } from './turns.ts'
import { waitForOutputs } from './wait-for-outputs.ts'
import { putUnchangedBack } from '../writable-files.ts'

/** How often the branch may move under us before we give up. */
const tries = 5

/**
 * Records ended jobs in the order given: one stream of commits for all of them, one commit each, one move of the branch. What
 * they left is stored while accounting is asked about them: `facts` are waited for only when commits are written. False when
 * the dataset takes none of them, after saying so.
 */
export async function recordJobs(
  context: Context,
  asked: readonly Ended[],
  branch: string,
  facts: () => Promise<EndFacts>,
  request: FinishRequest,
  report: (report: Report) => void,
): Promise<boolean> {
  const logs = openLogs(context)
  const landable = await fitToLand(context, asked, request.landing, report)
  const prepared = await prepareAll(context, landable, logs, report)
  if (prepared === null) return false
  let { jobs } = prepared
  const token = context.newToken()
  let failure: Note | null = null
  for (let attempt = 0; attempt < tries && jobs.length > 0; attempt++) {
    const operation = `${token}-${attempt}`
    const aside = makeAside(join(context.dataset.gitDir, 'waybill', `aside-${operation}`))
    try {
      const { environments } = prepared
      const work = { branch, operation, environments, message: request.message, logs, aside }
      const gathered = await gather(context, jobs, facts, work)
      const ready = gathered.ok ? await recordBelow(context, gathered.value) : gathered
      const done = ready.ok ? await land(context, ready.value, request.landing) : ready
      if (done.ok) {
        for (const one of done.value) report(one)
        return true
      }
      failure = done.failure
    } finally {
      aside.close()
    }
    if (failure.kind === 'branches-not-made') {
      // Somebody may have made a branch of that name meanwhile: the other jobs go on.
      const free = await fitToLand(context, jobs, request.landing, report)
      if (free.length === jobs.length) break
      jobs = free
      continue
    }
    // Another branch was checked out meanwhile: these records do not belong there.
    if (failure.kind !== 'branch-moved' || failure.found.ref !== failure.expected.ref) break
  }
  if (failure === null || jobs.length === 0) return true
  notSaved(failure, jobs, report)
  return false
}

function notSaved(failure: Note, jobs: readonly Ended[], report: (report: Report) => void): void {
  report({ action: 'save', status: 'error', path: '.', type: 'dataset', note: failure })
  for (const { job } of jobs) report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
}

/** The jobs whose commits can land as asked; says why of the others, before anything is changed: they stay open. */
async function fitToLand(
  context: Context,
  jobs: readonly Ended[],
  landing: FinishRequest['landing'],
  report: (report: Report) => void,
): Promise<readonly Ended[]> {
  if (landing === 'branch') return jobs
  const head = await readHead(context.dataset)
  const fit = head.ok ? checkLanding(jobs, landing, head.value.commit !== null) : head
  const free = !fit.ok || landing === 'octopus' ? fit : await withFreeBranches(context, jobs, report)
  if (free.ok) return free.value ?? jobs
  report({ action: 'finish', status: 'impossible', path: '.', type: 'dataset', note: free.failure })
  return []
}

/** Jobs of which all lies in the work tree that is to be recorded of them. */
interface Prepared {
  readonly jobs: readonly Ended[]
  readonly environments: Environments
}

/** Waits for what jobs made elsewhere and brings it here. Null when the dataset cannot be looked at, after saying so. */
async function prepareAll(
  context: Context,
  asked: readonly Ended[],
  logs: OpenLogs,
  report: (report: Report) => void,
): Promise<Prepared | null> {
  const jobs: Ended[] = []
  const environments = new Map<JobId, readonly string[]>()
  let seen = 0
  for (const turn of inTurns(context, asked)) {
    seen += turn.length
    const arrived = await waitForOutputs(context, turn)
    for (const one of changedScripts(context, arrived)) report(one)
    const returned = await bringAllBack(context, arrived, logs, report)
    const unlocked = await putAllBack(context, returned, report)
    const told = await tellTasks(context, unlocked, logs, report)
    if (!told.ok) {
      notSaved(told.failure, [...jobs, ...unlocked.map(withoutRow), ...asked.slice(seen)], report)
      return null
    }
    const written = await writeEnvironmentFiles(context, told.value, report)
    for (const [id, paths] of written) environments.set(id, paths)
    for (const one of told.value) if (written.has(one.job.id)) jobs.push(withoutRow(one))
  }
  return { jobs, environments }
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
  const written = new Map<JobId, readonly string[]>()
  for (const ended of jobs) {
    const { job } = ended
    const own = files.get(ended) ?? []
    const troubles = own.map(({ path, content }) =>
      writeOwnFile(context.dataset, path, content, { token: job.token }),
    )
    const trouble = troubles.find((one) => one !== null)
    if (trouble === undefined)
      written.set(
        job.id,
        own.map(({ path }) => path),
      )
    else {
      report(notStored(trouble))
      report(aboutJob('error', job, { kind: 'not-saved', job: calledName(job) }))
    }
  }
  return written
}
