import { join } from 'node:path'
import type { EpochSeconds } from '../../contract/ids.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import type { RepositoryPath } from '../../dataset/paths.ts'
import { foldersAbove, revalidate } from '../../dataset/revalidate.ts'
import { subdatasetsOf } from '../../dataset/subdatasets.ts'
import { expand, walk } from '../../dataset/walk.ts'
import { fileSystemOf, type FileSystem } from '../../ledger/file-system.ts'
import { isPattern, literalPrefix } from '../../ledger/path-pattern.ts'
import type { Context } from '../context.ts'
import { outputsOf, type EndedJob } from './ended.ts'
import { logsBelow, outputsOfCompleted } from './expected-files.ts'
import { outputsWait } from '../facts-wait.ts'
import { targetsOf } from '../targets.ts'

/** Seconds between looks: mostly a server's news are here at once, else when this machine's memory of it runs out. */
const spacing = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2]

/** A job that wrote to a file system of several machines. */
interface Waiting {
  readonly ended: EndedJob
  readonly fileSystem: FileSystem
  /** Where it wrote: the root of the dataset, or its alternative directory. */
  readonly base: string
  /** All that is to be recorded of it. */
  readonly targets: readonly RepositoryPath[]
  readonly until: EpochSeconds
  /** What should be there and is not, relative to `base`. */
  readonly unseen: readonly string[]
  /** Its files were opened: what stat(2) tells of them is true. */
  readonly fresh: boolean
}

/**
 * Looks until what the jobs wrote on other machines is seen here, all of them together and each up to a time after its end.
 * Then what stat(2) says of their files can be believed. Of a local file system it asks for its kind alone.
 */
export async function waitForOutputs(
  context: Context,
  jobs: readonly EndedJob[],
): Promise<readonly EndedJob[]> {
  let waiting = sharedOnes(context, jobs)
  if (waiting.length === 0) return jobs
  const { isOne } = subdatasetsOf(context.dataset, { initialise: false })
  for (let looks = 0; ; looks++) {
    waiting = await each(waiting, async (one) => (one.fresh ? one : look(one, isOne)))
    const now = context.now()
    const late = waiting.filter(({ fresh, until }) => !fresh && until > now)
    if (late.length === 0) break
    const files = late.flatMap(({ unseen }) => unseen).length
    const names = new Set(late.map(({ fileSystem }) => fileSystem.name))
    context.progress({ kind: 'waiting-for-outputs', files, fileSystem: [...names].join(', ') })
    const longest = Math.max(...late.map(({ until }) => until)) - now
    await context.sleep(Math.min(spacing[looks] ?? 5, longest))
  }
  context.progress({ kind: 'done' })
  // Of what did come of those that were given up, too, only the newest is to be recorded.
  for (const one of waiting) if (!one.fresh) await refresh(one, isOne)
  const found = new Map(waiting.map((one) => [one.ended, one]))
  return jobs.map((ended) => {
    const one = found.get(ended)
    if (one === undefined || one.unseen.length === 0) return ended
    return { ...ended, waited: { fileSystem: one.fileSystem.name, seconds: sinceEnd(context, ended) } }
  })
}

function sharedOnes(context: Context, jobs: readonly EndedJob[]): readonly Waiting[] {
  const kinds = new Map<string, FileSystem | null>()
  return jobs.flatMap((ended) => {
    const base = ended.job.spec.altDir ?? context.dataset.root
    const fileSystem = kinds.has(base) ? kinds.get(base) : kindOf(base)
    kinds.set(base, fileSystem ?? null)
    if (!fileSystem?.shared) return []
    const logs = logsBelow(base, ended)
    const good = logs.filter(({ completed, pattern }) => completed && !pattern)
    // What ran on this machine was written through its own memory of the file system.
    const elsewhere = ended.job.scheduler === 'slurm'
    return {
      ended,
      fileSystem,
      base,
      targets: [...targetsOf(outputsOf(ended)), ...logs.map((log) => ({ ...log, directory: false }))],
      until: lastLook(context, ended),
      unseen: elsewhere ? [...outputsOfCompleted(ended), ...good.map(({ path }) => path)] : [],
      fresh: false,
    }
  })
}

/** Null where there is nothing (any more): whoever needs it says so. */
function kindOf(base: string): FileSystem | null {
  try {
    return fileSystemOf(base)
  } catch {
    return null
  }
}

/** Slurm's clock may be ahead of ours. What ended at an unknown time is not waited for. */
function lastLook(context: Context, { evidence }: EndedJob): EpochSeconds {
  return Math.min(evidence.ended ?? 0, context.now()) + outputsWait(context)
}

function sinceEnd(context: Context, { evidence }: EndedJob): number | null {
  return evidence.ended === null ? null : Math.max(0, context.now() - evidence.ended)
}

type IsSubdataset = (path: string) => boolean

/** Looks once for what was not there yet, and when all is, at everything that is to be recorded. */
async function look(one: Waiting, isSubdataset: IsSubdataset): Promise<Waiting> {
  const { base } = one
  const places = one.unseen.map((path) => (isPattern(path) ? `${literalPrefix(path)}/*` : path))
  if (places.length > 0) await revalidate(base, foldersAbove(places))
  const unseen = one.unseen.filter((path) => !isThere(base, path))
  if (unseen.length > 0) return { ...one, unseen }
  // A folder may tell of a file before a look at the file itself does.
  const listed = await refresh(one, isSubdataset)
  return { ...one, unseen: listed, fresh: listed.length === 0 }
}

/** Opens all files that are to be recorded; gives those that a folder tells of and that are not there. */
async function refresh({ base, targets }: Waiting, isSubdataset: IsSubdataset): Promise<readonly string[]> {
  const files = [...walk(base, targets, isSubdataset)].filter(({ kind }) => kind === 'file')
  return revalidate(
    base,
    files.map(({ path }) => path),
  )
}

function isThere(base: string, path: string): boolean {
  try {
    return isPattern(path)
      ? !expand(base, { path, directory: false, pattern: true }).next().done
      : fileStatus(join(base, path)) !== undefined
  } catch {
    // It may not be looked at: that is told when it is recorded.
    return true
  }
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<Item>): Promise<Item[]> {
  const done: Item[] = []
  for (const item of items) done.push(await work(item))
  return done
}
