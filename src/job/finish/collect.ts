import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import { listAcross, partByDataset } from '../../dataset/across.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import { readIndexEntries } from '../../dataset/index-entries.ts'
import type { RepositoryPath } from '../../dataset/paths.ts'
import { below } from '../../dataset/subdatasets.ts'
import type { Entry } from '../../dataset/tree.ts'
import { walk, type Found } from '../../dataset/walk.ts'
import { isPattern, literalPrefix } from '../../ledger/path-pattern.ts'
import { covers } from '../../ledger/covers.ts'
import type { Context } from '../context.ts'
import { outputsOf, type EndedJob } from './ended.ts'
import { subdatasetsHolding, type Ground } from './ground.ts'
import { placeInDataset } from '../logs-plan.ts'
import { oddThing } from './odd-things.ts'
import type { Report } from '../report.ts'
import { targetsOf } from '../targets.ts'
import { expectedOutputs, logsOfPart, shareOfTasks } from '../arrays/task-files.ts'
import { changesOfAll } from '../whole.ts'

/** What one ended job has left: what may be recorded, and what there is to say about the rest. */
export interface Collection {
  readonly ended: EndedJob
  /** Root-relative files and symlinks below the outputs, and the job's logs: to be stored. */
  readonly files: readonly string[]
  /** Tracked files below the outputs that are gone. */
  readonly deleted: readonly string[]
  /** What HEAD holds below the outputs and at the logs, by path; in a subdataset, its own HEAD. */
  readonly before: ReadonlyMap<string, Entry>
  /** The subdatasets in which outputs or logs lie, or that lie below an output, and those above them; deepest first. */
  readonly subdatasets: readonly string[]
  /** Slurm's own files, root-relative, in order of tasks. */
  readonly logs: readonly string[]
  readonly logsOutside: readonly string[]
  /** A folder below an output may not be read: what it holds cannot be known. */
  readonly unreadable: boolean
  /** Of an array of which only some tasks are recorded: files of which it cannot be told whether these made them. */
  readonly untold: readonly string[]
  readonly reports: readonly Report[]
}

/**
 * Looks at what each job has left, on top of HEAD: one look at its tree for all. Touches nothing but what the jobs declared.
 * `foreign`: logs of all open jobs, which are nobody's outputs.
 */
export async function collect(
  context: Context,
  jobs: readonly EndedJob[],
  ground: Ground,
  foreign: ReadonlySet<string>,
): Promise<Fallible<readonly Collection[], DatasetFailure>> {
  const changed = await changesOfAll(context, jobs)
  if (!changed.ok) return changed
  const finds = jobs.map((ended) => find(context, ended, foreign, changed.value, ground))
  const held = await entriesBelow(finds, ground)
  if (!held.ok) return held
  const gone = finds.map(({ files }, i) => goneFrom(context.dataset.root, held.value[i] ?? new Map(), files))
  // What a sparse checkout leaves out is not there, and not deleted.
  const leftOut = await leftOutOf(ground, gone.flat())
  if (!leftOut.ok) return leftOut
  const collections: Collection[] = []
  for (const [i, one] of finds.entries()) {
    const before = held.value[i] ?? new Map<string, Entry>()
    const deleted = (gone[i] ?? []).filter((path) => !leftOut.value.has(path))
    const whole = collectionOf(one, before, deleted, ground)
    const share = await shareOfTasks(context, ground, whole)
    if (!share.ok) return share
    collections.push({ ...whole, ...share.value })
  }
  return ok(collections)
}

/** Those of some paths that a sparse checkout leaves out. */
async function leftOutOf(
  { subdatasets }: Ground,
  paths: readonly string[],
): Promise<Fallible<ReadonlySet<string>, DatasetFailure>> {
  const leftOut = new Set<string>()
  const parts = await partByDataset(subdatasets, paths)
  if (!parts.ok) return parts
  for (const { at, dataset, paths: own } of parts.value) {
    const indexed = await readIndexEntries(dataset, own)
    if (!indexed.ok) return indexed
    for (const { path, skipWorktree } of indexed.value.values())
      if (skipWorktree) leftOut.add(below(at, path))
  }
  return ok(leftOut)
}

/** What one job has left in the work tree. */
interface Finding {
  readonly ended: EndedJob
  readonly files: ReadonlySet<string>
  /** What else lies there: of very many files no more is kept than their paths. */
  readonly others: readonly Found[]
  readonly logs: FoundLogs
  /** Paths that count beside the declared outputs: of a job that declared none, all that changed. */
  readonly changed: readonly string[]
}

function find(
  context: Context,
  ended: EndedJob,
  foreign: ReadonlySet<string>,
  allChanged: readonly string[],
  { subdatasets }: Ground,
): Finding {
  const logs = findLogs(context, ended)
  const changed = ended.job.spec.whole ? allChanged : []
  const literal = changed.map((path) => ({ path, directory: false, pattern: false }))
  const targets = [...targetsOf(outputsOf(ended)), ...literal]
  const files = new Set(logs.inside)
  const others: Found[] = []
  for (const found of walk(context.dataset.root, targets, subdatasets.isOne)) {
    if (!isStorable(found)) others.push(found)
    else if (!foreign.has(found.path)) files.add(found.path)
  }
  return { ended, files, others, logs, changed }
}

function collectionOf(
  { ended, files, others, logs }: Finding,
  before: ReadonlyMap<string, Entry>,
  deleted: readonly string[],
  ground: Ground,
): Collection {
  const paths = [...files, ...before.keys()]
  const there = withFolders(paths)
  const subdatasets = subdatasetsHolding(ground.subdatasets, [
    ...files,
    ...deleted,
    ...outputsOf(ended).map(prefixOf),
    ...descended(others).map((path) => `${path}/`),
  ])
  return {
    ended,
    files: [...files],
    deleted,
    before,
    subdatasets,
    logs: [...logs.inside],
    logsOutside: logs.outside,
    untold: [],
    unreadable: others.some(({ kind }) => kind === 'unreadable'),
    reports: [
      ...logs.reports,
      ...expectedOutputs(ended).flatMap((output) => missingOutput(ended, output, there, paths)),
      ...others.flatMap((one) => oddThing(one, before)),
    ],
  }
}

/** What a tree holds below each job's outputs and at its logs, by path. */
async function entriesBelow(
  finds: readonly Finding[],
  { subdatasets, commitAt }: Ground,
): Promise<Fallible<readonly ReadonlyMap<string, Entry>[], DatasetFailure>> {
  const claims = finds.flatMap(({ ended, logs, changed }, job) => [
    ...outputsOf(ended).map((output) => ({ prefix: prefixOf(output), output, job })),
    ...[...logs.inside, ...changed].map((path) => ({ prefix: path, output: null, job })),
  ])
  const byPrefix = Map.groupBy(claims, ({ prefix }) => prefix)
  const patterns = finds.flatMap(({ ended }) => outputsOf(ended).filter(isPattern))
  const inside = [
    ...finds.flatMap(({ others }) => descended(others)),
    ...patterns.flatMap((pattern) => subdatasets.reachedBy(pattern)),
  ]
  const listed = await listAcross(subdatasets, commitAt, [...byPrefix.keys()], inside)
  if (!listed.ok) return listed
  const held = finds.map(() => new Map<string, Entry>())
  for (const entry of listed.value) {
    for (const above of selfAndAbove(entry.path)) {
      for (const { prefix, output, job } of byPrefix.get(above) ?? []) {
        const isMeant =
          output === null ? entry.path === prefix || subdatasets.isOne(prefix) : covers(output, entry.path)
        if (isMeant) held[job]?.set(entry.path, entry)
      }
    }
  }
  return ok(held)
}

/** Paths and the folders they lie in. */
function withFolders(paths: readonly string[]): ReadonlySet<string> {
  const all = new Set<string>()
  for (const path of paths)
    for (let at = path; at !== '' && !all.has(at); at = at.slice(0, Math.max(0, at.lastIndexOf('/'))))
      all.add(at)
  return all
}

/** A path, the folders it lies in, and `.`. */
function selfAndAbove(path: string): readonly string[] {
  const segments = path.split('/')
  return ['.', ...segments.map((_, i) => segments.slice(0, i + 1).join('/'))]
}

/** The path to list in a tree so that everything an output may name is seen; `.` is the whole tree. */
function prefixOf(output: string): string {
  return isPattern(output) ? literalPrefix(output) || '.' : output
}

function goneFrom(
  root: string,
  before: ReadonlyMap<string, Entry>,
  files: ReadonlySet<string>,
): readonly string[] {
  return [...before.values()]
    .filter(({ path, mode }) => !files.has(path) && mode !== '160000' && isGone(root, path))
    .map(({ path }) => path)
}

/** The subdatasets that lie at or below the outputs. */
function descended(found: readonly Found[]): readonly string[] {
  return found.filter(({ kind }) => kind === 'subdataset').map(({ path }) => path)
}

function isStorable(found: Found): boolean {
  return found.kind === 'file' || found.kind === 'symlink'
}

/** A tracked path that lies in another repository below us, or has become something odd, is not gone. */
function isGone(root: string, path: string): boolean {
  try {
    return lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined
  } catch {
    // A folder on the way became a file: the path is gone.
    return true
  }
}

interface FoundLogs {
  readonly inside: ReadonlySet<string>
  readonly outside: readonly string[]
  readonly reports: readonly Report[]
}

function findLogs(context: Context, ended: EndedJob): FoundLogs {
  const inside = new Set<string>()
  const outside = new Set<string>()
  const reports: Report[] = []
  for (const { place } of logsOfPart(ended)) {
    if (place.kind === 'discarded') continue
    const path = place.kind === 'path' ? place.path : place.pattern
    const relative = placeInDataset(context.dataset.root, ended.job.spec, path)
    if (relative === null) {
      outside.add(path)
      continue
    }
    if (place.kind === 'pattern') {
      const target: RepositoryPath = { path: relative, directory: false, pattern: true }
      for (const one of walk(context.dataset.root, [target])) if (isStorable(one)) inside.add(one.path)
    } else if (inside.has(relative) || !isGone(context.dataset.root, relative)) inside.add(relative)
    else
      reports.push({
        action: 'add',
        status: 'notneeded',
        path: relative,
        type: 'file',
        note: { kind: 'log-missing', path: relative },
      })
  }
  const [first] = outside
  if (first !== undefined)
    reports.push({ action: 'log', status: 'ok', path: first, note: { kind: 'log-outside', path: first } })
  return { inside, outside: [...outside], reports }
}

function missingOutput(
  { waited }: EndedJob,
  output: string,
  there: ReadonlySet<string>,
  paths: readonly string[],
): readonly Report[] {
  if (there.has(output) || output === '.') return []
  if (isPattern(output) && paths.some((path) => covers(output, path))) return []
  const note = { kind: 'output-missing', path: output, waited } as const
  return [{ action: 'add', status: 'impossible', path: output, note }]
}
