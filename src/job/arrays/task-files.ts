import { lstatSync, readlinkSync } from 'node:fs'
import { join, posix } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import { parseIndices } from '../../contract/index-set.ts'
import { partByDataset } from '../../dataset/across.ts'
import { blobId, fileBlobId } from '../../dataset/blob-id.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import { below } from '../../dataset/subdatasets.ts'
import type { Entry } from '../../dataset/tree.ts'
import { unchangedSinceIndexed } from '../../dataset/unchanged.ts'
import { covers } from '../../ledger/covers.ts'
import type { Context, Job } from '../context.ts'
import type { ArrayPart, EndedJob } from '../finish/ended.ts'
import type { Ground } from '../finish/ground.ts'
import { logFiles, placeInDataset, type LogFile } from '../logs-plan.ts'
import type { Report } from '../report.ts'
import { ownersByOutput, ownOutputs } from './own-outputs.ts'
import { tasksOfPath, taskPath, withoutTaskPaths } from '../schedule/task-paths.ts'

/** Whose a file is, seen from the tasks that are to be recorded: theirs, the others', or it cannot be told. */
type Owner = 'these' | 'others' | 'untold'

/** What one job has left, as far as it is looked at here. */
interface Left {
  readonly ended: EndedJob
  readonly files: readonly string[]
  readonly deleted: readonly string[]
  readonly logs: readonly string[]
  readonly before: ReadonlyMap<string, Entry>
  readonly reports: readonly Report[]
}

/** What of it is to be recorded, and what nobody can tell about. */
interface Share {
  readonly files: readonly string[]
  readonly deleted: readonly string[]
  readonly logs: readonly string[]
  readonly untold: readonly string[]
  readonly reports: readonly Report[]
}

/**
 * What of an array's files belongs to the tasks of its part, told by the names of the logs and by the paths with `{task}`.
 * What belongs to the others is left out. A file that is new, changed or gone and cannot be told is named in `untold`.
 */
export async function shareOfTasks(
  context: Context,
  ground: Ground,
  left: Left,
): Promise<Fallible<Share, DatasetFailure>> {
  const { ended, files, deleted, before, reports } = left
  if (ended.part === undefined || !ended.part.keepsOpen)
    return ok({ files, deleted, logs: left.logs, untold: [], reports })
  const logs = new Set(left.logs)
  const owner = ownersOf(context, ended, ended.part, logs)
  const description = `slurm-job-${ended.job.schedulerId}.env.json`
  const owned = Map.groupBy(files, owner)
  const gone = Map.groupBy(deleted, owner)
  // The job's description has no task; whoever records it adds it.
  const doubtful = (owned.get('untold') ?? []).filter((path) => posix.basename(path) !== description)
  const changed = await changedOf(
    context,
    ground,
    doubtful.filter((path) => !logs.has(path)),
    before,
  )
  if (!changed.ok) return changed
  const sharedLogs = doubtful.filter((path) => logs.has(path))
  return ok({
    files: owned.get('these') ?? [],
    deleted: gone.get('these') ?? [],
    logs: left.logs.filter((path) => !sharedLogs.includes(path)),
    untold: [...changed.value, ...(gone.get('untold') ?? [])],
    // Logs that these tasks and others write are left for the job's last record.
    reports: [
      ...reports,
      ...sharedLogs.map((path): Report => ({
        action: 'log',
        status: 'notneeded',
        path,
        note: { kind: 'log-shared' },
      })),
    ],
  })
}

/** The logs of the part of a job that is to be recorded. */
export function logsOfPart({ job, part }: EndedJob): readonly LogFile[] {
  const logs = logFiles(job)
  if (part === undefined) return logs
  const tasks = new Set(parseIndices(part.tasks))
  return logs.filter(({ task }) => task === null || tasks.has(task))
}

/** What should be there: of a part of an array, what its own tasks make. */
export function expectedOutputs({ job, part, more = [] }: EndedJob): readonly string[] {
  const { spec } = job
  if (part === undefined || !part.keepsOpen) return [...spec.outputs, ...more]
  const ownOf = ownOutputs(spec)
  const own = parseIndices(part.tasks).flatMap((task) => [
    ...ownOf(task),
    ...part.templates.map((template) => taskPath(template, task)),
  ])
  const shared = spec.outputsPerTask === undefined ? spec.outputs : []
  return [...withoutTaskPaths([...shared, ...more], part.templates), ...own]
}

function ownersOf(
  context: Context,
  ended: EndedJob,
  { tasks, templates }: ArrayPart,
  logs: ReadonlySet<string>,
): (path: string) => Owner {
  const these = new Set(parseIndices(tasks))
  const all = new Set(ended.job.spec.parts.kind === 'array' ? parseIndices(ended.job.spec.parts.indices) : [])
  const isOthersLog = namedBy(
    context,
    ended.job,
    logFiles(ended.job).filter(({ task }) => task !== null && !these.has(task)),
  )
  const ownersOfOutput = ownersByOutput(ended.job.spec)
  return (path) => {
    const own = logs.has(path)
    const others = isOthersLog(path)
    if (own || others) return own && others ? 'untold' : own ? 'these' : 'others'
    const named = templates.flatMap((template) => tasksOfPath(template, path, (task) => all.has(task)))
    const owners = [...ownersOfOutput(path), ...named]
    if (owners.length === 0) return 'untold'
    if (owners.every((task) => these.has(task))) return 'these'
    return owners.some((task) => these.has(task)) ? 'untold' : 'others'
  }
}

/** Whether a root-relative path is, or may be, one of these logs. */
function namedBy(context: Context, { spec }: Job, logs: readonly LogFile[]): (path: string) => boolean {
  const names = new Set<string | null>()
  const patterns = new Set<string>()
  for (const { place } of logs) {
    if (place.kind === 'path') names.add(placeInDataset(context.dataset.root, spec, place.path))
    const pattern =
      place.kind === 'pattern' ? placeInDataset(context.dataset.root, spec, place.pattern) : null
    if (pattern !== null) patterns.add(pattern)
  }
  return (path) => names.has(path) || [...patterns].some((pattern) => covers(pattern, path))
}

/** Those of the files that are new, or not what HEAD holds. */
async function changedOf(
  context: Context,
  { subdatasets }: Ground,
  paths: readonly string[],
  before: ReadonlyMap<string, Entry>,
): Promise<Fallible<readonly string[], DatasetFailure>> {
  const files = paths.filter((path) => before.get(path)?.mode.startsWith('100'))
  const parts = await partByDataset(subdatasets, files)
  if (!parts.ok) return parts
  const ids = new Map<string, string>()
  for (const { at, dataset, paths: own } of parts.value) {
    const known = await unchangedSinceIndexed(dataset, own)
    if (!known.ok) return known
    for (const { path, oid } of known.value) ids.set(below(at, path), oid)
  }
  const changed: string[] = []
  for (const path of paths) {
    const was = before.get(path)
    // Stat data may only be stale (the clone was copied): then the bytes tell.
    const same =
      was !== undefined && (ids.get(path) === was.oid || (await idNow(context, path, was)) === was.oid)
    if (!same) changed.push(path)
  }
  return ok(changed)
}

/** The blob id of what stands at a path, where it is still a file or a symlink as HEAD has it; else null. */
async function idNow(context: Context, path: string, was: Entry): Promise<string | null> {
  const { objectFormat, root } = context.dataset
  try {
    const isLink = lstatSync(join(root, path)).isSymbolicLink()
    if (isLink !== (was.mode === '120000')) return null
    if (!isLink) return await fileBlobId(objectFormat, join(root, path))
    return blobId(objectFormat, readlinkSync(join(root, path), { encoding: 'buffer' }))
  } catch {
    return null
  }
}
