import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { listAcross, partByDataset, pointedTo } from '../dataset/across.ts'
import { keyOfLink, keyOfPointer, maxPointerSize } from '../dataset/annex-key.ts'
import { identifyFiles, identifyOutside } from '../dataset/identities.ts'
import type { Hashing } from '../dataset/hash-files.ts'
import { absentInputs, fetchInputs } from '../dataset/inputs.ts'
import { readObjects, readSizes } from '../dataset/objects.ts'
import type { RepositoryPath } from '../dataset/paths.ts'
import { identifySubdataset } from '../dataset/subdataset-identity.ts'
import { below, subdatasetsOf, type Subdatasets } from '../dataset/subdatasets.ts'
import type { Entry } from '../dataset/tree.ts'
import { walk } from '../dataset/walk.ts'
import type { Context } from './context.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import type { InputIdentity, ScriptCopy } from './spec.ts'

/**
 * The files and symlinks at and below the given paths; absolute paths (outside the dataset) as they are. A subdataset below
 * a path, or at it, stands for all that it holds.
 */
export function inputFiles(context: Context, paths: readonly string[]): readonly string[] {
  const { isOne } = subdatasetsOf(context.dataset, { initialise: false })
  const files = [...walk(context.dataset.root, inside(paths).map(targetOf))].filter(
    ({ kind, path }) => kind === 'file' || kind === 'symlink' || (kind === 'repository' && isOne(path)),
  )
  return [...files.map(({ path }) => path), ...outside(paths)]
}

/**
 * Gets the annexed content that is absent from these files, and from all of a subdataset that is named; `transfers` at
 * once (null: git-annex's own choice). Says what was got; fails when some could not be had.
 */
export async function getInputs(
  context: Context,
  files: readonly string[],
  transfers: number | null,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  const subdatasets = subdatasetsOf(context.dataset, { initialise: true })
  const named = inside(files)
  // What lies in subdatasets of such a one is not asked for: DataLad gets those by their own names alone.
  const whole = named
    .filter((path) => subdatasets.isOne(path))
    .flatMap((at) => [...walk(context.dataset.root, [targetOf(at)], (path) => path === at)])
    .filter(({ kind }) => kind === 'file' || kind === 'symlink')
  const parts = await partByDataset(subdatasets, [...named, ...whole.map(({ path }) => path)])
  if (!parts.ok) return parts
  for (const { at, dataset, paths } of parts.value) {
    const absent = absentInputs(dataset, paths)
    if (absent.length === 0) continue
    context.progress({ kind: 'fetching', files: absent.length })
    const got = await fetchInputs(dataset, absent, transfers)
    context.progress({ kind: 'done' })
    if (!got.ok) return got
    for (const one of got.value) {
      const path = below(at, one.path)
      if (!one.fetched)
        return { ok: false, failure: { kind: 'input-not-fetched', path, detail: one.message } }
      report({ action: 'get', status: 'ok', path, type: 'file' })
    }
  }
  return ok(null)
}

/** What others ask for at the same time as `identify`, of the dataset itself. */
export interface AskedAlready {
  /** What HEAD holds at the files. */
  readonly listed: Promise<Fallible<readonly Entry[], Note>>
  readonly hash: Hashing
}

/** What each file is now; those outside the dataset by size and time, whole subdatasets by their commits. */
export async function identify(
  context: Pick<Context, 'dataset'>,
  files: readonly string[],
  asked: AskedAlready | null = null,
): Promise<Fallible<readonly InputIdentity[], Note>> {
  const subdatasets = subdatasetsOf(context.dataset, { initialise: false })
  const known = new Map<string, InputIdentity>()
  const whole = new Set(inside(files).filter((path) => subdatasets.isOne(path)))
  for (const path of whole) {
    const dataset = await subdatasets.open(path)
    const identity = dataset.ok ? await identifySubdataset(dataset.value) : dataset
    if (!identity.ok) return identity
    known.set(path, { path, ...identity.value })
  }
  const parts = await partByDataset(
    subdatasets,
    inside(files).filter((path) => !whole.has(path)),
  )
  if (!parts.ok) return parts
  for (const { at, dataset, paths } of parts.value) {
    const identified =
      at === '' && asked !== null
        ? await identifyFiles(dataset, paths, async () => orNothing(await asked.listed), asked.hash)
        : await identifyFiles(dataset, paths)
    if (!identified.ok) return identified
    for (const one of identified.value) known.set(below(at, one.path), { ...one, path: below(at, one.path) })
  }
  return ok([
    ...inside(files).flatMap((path) => known.get(path) ?? []),
    ...outside(files).map((path) => identifyOutside(path)),
  ])
}

/** A listing that failed is told by those who need it more. */
function orNothing(listed: Fallible<readonly Entry[], Note>): Fallible<readonly Entry[], never> {
  return listed.ok ? listed : ok([])
}

function inside(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !path.startsWith('/'))
}

function outside(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path.startsWith('/'))
}

function targetOf(path: string): RepositoryPath {
  return { path, directory: false, pattern: false }
}

/**
 * What a commit holds at the paths of some files, in the same words as their identities now: annex key or blob, of a
 * subdataset its commit. In subdatasets that is what the commits hold that it points to.
 */
export async function treeIdentities(
  context: Context,
  commit: CommitId | null,
  current: ReadonlyMap<string, InputIdentity>,
): Promise<Fallible<ReadonlyMap<string, InputIdentity>, Note>> {
  const listed = await listInCommit(context, commit, [...current.keys()])
  return listed.ok ? identitiesIn(context, listed.value, current) : listed
}

/** What a commit holds at some paths of files, those in subdatasets too. */
export async function listInCommit(
  context: Context,
  commit: CommitId | null,
  paths: readonly string[],
): Promise<Fallible<readonly Entry[], Note>> {
  if (commit === null || paths.length === 0) return ok([])
  const subdatasets = subdatasetsOf(context.dataset, { initialise: false })
  return listAcross(subdatasets, pointedTo(subdatasets, commit), paths)
}

async function identitiesIn(
  context: Context,
  listed: readonly Entry[],
  current: ReadonlyMap<string, InputIdentity>,
): Promise<Fallible<ReadonlyMap<string, InputIdentity>, Note>> {
  const subdatasets = subdatasetsOf(context.dataset, { initialise: false })
  // An entry with the blob that is there now points nowhere else: most need no second look.
  const contents = await pointerContents(
    subdatasets,
    listed.filter(({ path, oid }) => current.get(path)?.blob !== oid),
  )
  if (!contents.ok) return contents
  return ok(new Map(listed.map((entry) => [entry.path, identityIn(entry, contents.value)])))
}

function identityIn({ path, mode, oid }: Entry, contents: ReadonlyMap<string, Buffer>): InputIdentity {
  if (mode === '160000') return { path, commit: oid }
  const content = contents.get(oid)
  if (content === undefined) return { path, blob: oid }
  const key = mode === '120000' ? keyOfLink(content.toString()) : keyOfPointer(content)
  return { path, ...(key === null ? { blob: oid } : { key }) }
}

/** Contents of those entries that may point into the annex: symlinks and small files. */
async function pointerContents(
  subdatasets: Subdatasets,
  entries: readonly Entry[],
): Promise<Fallible<ReadonlyMap<string, Buffer>, Note>> {
  const contents = new Map<string, Buffer>()
  for (const [at, here] of Map.groupBy(entries, ({ path }) => subdatasets.holder(path))) {
    const dataset = await subdatasets.open(at)
    if (!dataset.ok) return dataset
    if (dataset.value.annex === null) continue
    const oids = here.filter(({ mode }) => mode !== '160000').map(({ oid }) => oid)
    const sizes = await readSizes(dataset.value, oids)
    if (!sizes.ok) return sizes
    const small = oids.filter((_, i) => (sizes.value[i] ?? Infinity) <= maxPointerSize)
    const objects = await readObjects(dataset.value, small)
    if (!objects.ok) return objects
    for (const object of objects.value) if (object !== null) contents.set(object.oid, object.content)
  }
  return ok(contents)
}

/** Those of some tracked inputs and scripts whose content differs from what a commit holds (`listInCommit`). */
export async function findDifferences(
  context: Context,
  listed: readonly Entry[],
  identities: readonly InputIdentity[],
  scripts: readonly (ScriptCopy | null)[],
): Promise<Fallible<ReadonlySet<string>, Note>> {
  const current = [
    ...identities.filter(({ path }) => !path.startsWith('/')),
    ...scripts.flatMap(scriptIdentity),
  ]
  const held = await identitiesIn(context, listed, new Map(current.map((one) => [one.path, one])))
  if (!held.ok) return held
  const differing = current.filter((now) => {
    const then = held.value.get(now.path)
    return then !== undefined && !isSame(now, then)
  })
  return ok(new Set(differing.map(({ path }) => path)))
}

/** The script as an input, where it lies in the dataset. */
export function scriptIdentity(script: ScriptCopy | null): readonly InputIdentity[] {
  return script === null || script.path === null || script.path.startsWith('/')
    ? []
    : [{ path: script.path, blob: script.blob }]
}

/** Whether two identities are of the same content. Key and blob cannot be compared: then the answer is no. */
export function isSame(a: InputIdentity, b: InputIdentity): boolean {
  if (a.commit !== undefined || b.commit !== undefined)
    return a.commit === b.commit && a.modified === undefined && b.modified === undefined
  if (a.key !== undefined || b.key !== undefined) return a.key === b.key
  if (a.blob !== undefined || b.blob !== undefined) return a.blob === b.blob
  return a.size === b.size && a.mtime === b.mtime
}
