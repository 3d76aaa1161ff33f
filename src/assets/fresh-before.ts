import { lstatSync, statSync, type BigIntStats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { CommitId, EpochSeconds } from '../contract/ids.ts'
import { readHead } from '../dataset/head.ts'
import { submodulePaths, type Dataset } from '../dataset/locate.ts'
import { fileSystemOf } from '../ledger/file-system.ts'
import type { Asset, Definitions } from './definitions/definitions.ts'
import { keep, readKept, type KeptPlace } from './definitions/kept-file.ts'
import { scriptsOf } from './definitions/missing-scripts.ts'
import type { AssetView, Look } from './look.ts'
import { outputFolders } from './outputs-on-disk.ts'
import { filesBelow, inputPatterns } from './versions/input-versions.ts'

/** An asset all of whose keys are fresh: its site, and how many keys it has; null: it is made in one piece. */
export type FreshAsset = readonly [name: string, site: string, keys: number | null]

/**
 * What was looked at when all was fresh. As long as HEAD, the definitions and all that lay on disk are what they were, another
 * look would find all fresh again: it need not be taken. Whatever differs, it is.
 */
interface FreshBefore {
  readonly definitions: string
  readonly head: CommitId
  /** As git-annex was set up here. */
  readonly annex: Dataset['annex']
  /** Patterns of inputs, and the files that they named. */
  readonly patterns: readonly string[]
  readonly named: readonly (readonly string[])[]
  /** Absolute paths, and what stood there: a link itself, or what it leads to. */
  readonly links: readonly Stood[]
  readonly things: readonly Stood[]
  readonly assets: readonly FreshAsset[]
}

type Stood = readonly [path: string, what: string]

/** More is looked at as soon as it is found that it need not be. */
const mostPaths = 50_000

/** What was changed so shortly before might be changed again without a trace, as coarse as the clocks of file systems are. Seconds. */
const settles = 2

const name = 'fresh'

/** Where that is kept: beside the ledger, for one file of definitions. */
function placeIn({ commonDir, shared }: Dataset, file: string): KeptPlace {
  return { state: { folder: join(commonDir, 'waybill'), shared }, file }
}

/**
 * Keeps what a look at all assets has seen that found all of them fresh. Not where something is made of what this cannot tell
 * of: external sources, windows of time, subdatasets, file systems to which other machines write. `began`: before the look.
 */
export function keepFresh(
  dataset: Dataset,
  definitions: Definitions,
  { head, views, files }: Look,
  began: EpochSeconds,
): void {
  const { root, annex } = dataset
  if (definitions.key === null || head === null || !isTold(dataset, views, began)) return
  const patterns = new Set<string>()
  const links = new Set([join(root, '.gitmodules')])
  // Which unlocked files are as git-annex knows them, the index tells.
  if (annex !== null) links.add(dataset.indexPath)
  const things = new Set<string>()
  for (const { asset, space } of views.values()) {
    for (const pattern of inputPatterns(asset, space)) patterns.add(pattern)
    for (const file of [...scriptsOf(asset), ...mayBeNamed(asset, definitions)]) {
      const path = resolve(definitions.folder, file)
      links.add(path)
      things.add(path)
    }
    for (const folder of outputFolders(asset, space)) things.add(join(root, folder))
    if (patterns.size + links.size + things.size > mostPaths) return
  }
  const named = Array.from(patterns, (pattern) => files.filesOf(pattern))
  for (const path of new Set(named.flat())) links.add(join(root, path))
  const isSettled = settledTest(root, began)
  if (links.size > mostPaths || ![...links, ...things].every(isSettled)) return
  const kept: FreshBefore = {
    definitions: definitions.key,
    head,
    annex,
    patterns: [...patterns],
    named,
    links: Array.from(links, (path) => [path, statusText(path, lstatSync)]),
    things: Array.from(things, (path) => [path, statusText(path, statSync)]),
    assets: Array.from(views.values(), ({ asset, site, space }) => [
      asset.name,
      site.name,
      asset.partitions === null ? null : space.count,
    ]),
  }
  keep(placeIn(dataset, definitions.file), name, JSON.stringify(kept))
}

/** The assets, where all was fresh before and nothing that was looked at then is another thing now; null: it has to be looked. */
export async function freshBefore(
  dataset: Dataset,
  file: string,
  key: string,
): Promise<readonly FreshAsset[] | null> {
  const text = readKept(placeIn(dataset, file), name)
  const before = text === null ? null : parsed(text)
  if (before === null || before.definitions !== key) return null
  const head = await readHead(dataset)
  if (!head.ok || head.value.commit !== before.head) return null
  if (JSON.stringify(dataset.annex) !== JSON.stringify(before.annex)) return null
  const isSame =
    before.links.every(([path, what]) => statusText(path, lstatSync) === what) &&
    before.things.every(([path, what]) => statusText(path, statSync) === what) &&
    before.patterns.every((pattern, i) => isList(filesBelow(dataset.root, pattern), before.named[i] ?? []))
  return isSame ? before.assets : null
}

function parsed(text: string): FreshBefore | null {
  try {
    return JSON.parse(text) as FreshBefore
  } catch {
    return null
  }
}

/** Whether paths tell all that a plan depends on. */
function isTold(dataset: Dataset, views: Look['views'], now: EpochSeconds): boolean {
  const changes = ({ asset: { observes, partitions } }: AssetView): boolean =>
    observes.length > 0 ||
    [...(partitions?.values() ?? [])].some(
      (keys) => keys.kind === 'time' && (keys.end === null || keys.end > now),
    )
  return (
    submodulePaths(dataset.root).length === 0 &&
    fileSystemOf(dataset.root).local &&
    ![...views.values()].some(changes)
  )
}

/** Files that a command may name, be they there or not. */
function mayBeNamed({ name: asset, run }: Asset, { codeWords }: Definitions): readonly string[] {
  const words = codeWords.get(asset) ?? []
  return run.kind === 'bash' || run.kind === 'python' ? [run.file, ...words] : words
}

/**
 * Tells of paths whether what stands there stood there before a look began, on the root's own file system: then it is what was
 * looked at. The folders above tell whether one was put in the place of another.
 */
function settledTest(root: string, began: EpochSeconds): (path: string) => boolean {
  const before = BigInt(Math.floor((began - settles) * 1000)) * 1_000_000n
  const device = statSync(root, { bigint: true }).dev
  const isOld = (path: string): boolean => {
    for (const stat of [statusOf(path, lstatSync), statusOf(path, statSync)])
      if (stat !== null && (stat.ctimeNs >= before || stat.dev !== device)) return false
    return true
  }
  const known = new Map<string, boolean>()
  const isOldFolder = (folder: string): boolean => {
    if (folder !== root && !folder.startsWith(`${root}/`)) return true
    const seen = known.get(folder) ?? (isOld(folder) && isOldFolder(dirname(folder)))
    known.set(folder, seen)
    return seen
  }
  return (path) => isOld(path) && isOldFolder(dirname(path))
}

type Status = (path: string, options: { bigint: true; throwIfNoEntry: false }) => BigIntStats | undefined

/** Nothing, where nothing can be seen. */
function statusOf(path: string, status: Status): BigIntStats | null {
  try {
    return status(path, { bigint: true, throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

function statusText(path: string, status: Status): string {
  const stat = statusOf(path, status)
  return stat === null ? '' : `${stat.ino} ${stat.mode} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`
}

function isList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i])
}
