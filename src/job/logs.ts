import { join } from 'node:path'
import { logFile } from '../local/log-files.ts'
import { walk } from '../dataset/walk.ts'
import { jobFolder, type Context, type Job } from './context.ts'
import { assetJob } from './asset-job.ts'
import { copyFrom } from './copy-log.ts'
import { insideRoot, logFiles, placeInDataset } from './logs-plan.ts'
import { schedulerJobs } from './members/members.ts'
import type { Note } from './note.ts'
import { observe } from './observe.ts'
import { reconcile } from './reconcile.ts'
import type { Report } from './report.ts'
import { calledName, findJob, isOpen } from './select.ts'

/** Which log is wanted. */
export interface LogRequest {
  readonly job: string
  readonly follow: boolean
  readonly stderr: boolean
  readonly task: number | null
}

/**
 * Prints a job's log, and with `follow` what is added until the job has ended. `out` says whether anybody still reads: if
 * not, it ends. Gives the log's absolute path, or null after saying why none is known.
 * @throws the system's error when the log is there and cannot be read.
 */
export async function printLog(
  context: Context,
  request: LogRequest,
  out: (text: Buffer) => boolean,
  report: (report: Report) => void,
): Promise<string | null> {
  await reconcile(context, report)
  const refuse = (note: Note): null => {
    report({ action: 'logs', status: 'impossible', path: '', type: 'job', note })
    return null
  }
  const meant = findJob(context, request.job)
  // What is no job's name may be an asset's.
  const ofAsset = 'job' in meant ? null : assetJob(context, request.job)
  const found = ofAsset ?? meant
  if (!('job' in found)) return refuse(found.note)
  const named = ofAsset === null ? /_(\d+)$/.exec(request.job)?.[1] : undefined
  const task = request.task ?? ofAsset?.task ?? (named === undefined ? null : Number(named))
  const { job } = found
  const all = schedulerJobs(job)
  const id = ofAsset === null ? /^\d+/.exec(request.job)?.[0] : undefined
  const one = all.find((each) => each.id === id) ?? all[0]
  if (id === undefined && all.length > 1)
    return refuse({ kind: 'member-needed', job: calledName(job), ids: all.map((each) => each.id) })
  const parts = one?.parts ?? job.spec.parts
  if (parts.kind === 'array' && task === null) {
    return refuse({ kind: 'task-needed', job: one?.id ?? calledName(job), indices: parts.indices })
  }
  const path = logPath(context, job, request.stderr ? 'stderr' : 'stdout', one?.id ?? null, task)
  if (path === null) return refuse({ kind: 'no-log', job: calledName(job) })
  const reader = { listens: true }
  const print = (text: Buffer): boolean => (reader.listens = out(text))
  let from = copyFrom(path, 0, print)
  if (!request.follow) {
    if (from === null) refuse({ kind: 'log-missing', path })
    return path
  }
  for (let wait = 0.5; reader.listens; wait = Math.min(wait * 1.2, 10)) {
    const over = await isOver(context, job)
    // Once more after the end: the last lines may have come between the two looks.
    const before: number | null = from
    from = copyFrom(path, from ?? 0, print) ?? from
    if (over) break
    if (from !== before) wait = 0.5
    await context.sleep(wait)
  }
  if (from === null) refuse({ kind: 'log-missing', path })
  return path
}

function logPath(
  context: Context,
  job: Job,
  stream: 'stdout' | 'stderr',
  id: string | null,
  task: number | null,
): string | null {
  if (job.scheduler === 'local') return logFile(jobFolder(context, job.token), task, stream)
  const files = logFiles(job).filter((file) => file.job === id && file.task === task)
  const file = files.find((one) => one.stream === stream) ?? files[0]
  if (file === undefined || file.place.kind === 'discarded') return null
  const written = file.place.kind === 'path' ? file.place.path : file.place.pattern
  // What a job wrote elsewhere lies in the dataset once it is recorded.
  const { altDir } = job.spec
  const base = altDir !== undefined && isOpen(job) ? altDir : context.dataset.root
  const inside = base === altDir ? insideRoot(base, written) : placeInDataset(base, job.spec, written)
  if (inside === null) return written
  if (file.place.kind === 'path') return join(base, inside)
  for (const one of walk(base, [{ path: inside, directory: false, pattern: true }])) {
    if (one.kind === 'file') return join(base, one.path)
  }
  return written
}

async function isOver(context: Context, job: Job): Promise<boolean> {
  const now = context.ledger.job(job.id)
  if (now === null || !isOpen(now)) return true
  const [seen] = await observe(context, [now], 'states')
  return seen !== undefined && (seen.verdict.kind === 'ended' || seen.verdict.kind === 'unknown')
}
