import { readFileSync, statSync } from 'node:fs'
import { join, posix, relative, resolve } from 'node:path'
import { segmentMatcher } from '../../contract/glob-segment.ts'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { listAcross, pointedTo } from '../../dataset/across.ts'
import { blobId } from '../../dataset/blob-id.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { submodulePaths } from '../../dataset/locate.ts'
import { normalise, type RepositoryPath } from '../../dataset/paths.ts'
import { subdatasetsOf } from '../../dataset/subdatasets.ts'
import { expand } from '../../dataset/walk.ts'
import { literalPrefix } from '../../ledger/path-pattern.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Context } from '../context.ts'
import { identify, inputFiles, isSame, treeIdentities } from '../inputs.ts'
import type { Note } from '../note.ts'
import { readIdentities } from './recorded-inputs.ts'
import type { InputIdentity } from '../spec.ts'

/** What an input of a record names: something of the dataset, or what only its own repository or machine knows. */
type Named = { readonly inside: RepositoryPath } | { readonly elsewhere: string }

/** Seconds: a record keeps three decimals of a file's time. */
const timeGrain = 0.002

/**
 * The inputs and the script that are not what they were for a record: by the identities it holds, else by the commit
 * that holds it. `there` is its directory, relative to the root, which need not exist. Paths relative to the root, or
 * absolute; of what lies elsewhere and has no recorded identity nothing is said.
 */
export async function differencesFrom(
  context: Context,
  commit: CommitId,
  record: RunRecord,
  there: string,
): Promise<Fallible<readonly string[], Note>> {
  const { root } = context.dataset
  const recorded = await readIdentities(context, commit, record)
  if (!recorded.ok) return recorded
  const named = [...record.inputs, ...record.extra_inputs].map((path) => nameOf(context, there, path))
  const paths = named.flatMap((one) =>
    'elsewhere' in one
      ? [one.elsewhere]
      : one.inside.pattern
        ? [...expand(root, one.inside)]
        : [one.inside.path],
  )
  const known = recorded.value ?? new Map<string, InputIdentity>()
  const files = inputFiles(context, [...new Set([...paths, ...known.keys()])])
  const now = await identify(context, files)
  if (!now.ok) return now
  const inside = now.value.filter(({ path }) => !path.startsWith('/'))
  const then = await treeIdentities(context, commit, new Map(inside.map((one) => [one.path, one])))
  if (!then.ok) return then
  const elsewhere = new Set(named.flatMap((one) => ('elsewhere' in one ? [one.elsewhere] : [])))
  const differing = now.value.filter((one) => {
    const before = known.get(one.path) ?? then.value.get(one.path)
    if (before !== undefined) return !isUnchanged(one, before)
    return ![...elsewhere].some((path) => one.path === path || one.path.startsWith(`${path}/`))
  })
  const current = new Set(now.value.map(({ path }) => path))
  const before = recorded.value === null ? await heldBy(context, commit, named) : ok([...known.keys()])
  if (!before.ok) return before
  const gone = before.value.filter((path) => !current.has(path) && !isElsewhere(context, path))
  return ok([
    ...new Set([...differing.map(({ path }) => path), ...gone, ...scriptDifference(context, record)]),
  ])
}

function isUnchanged(now: InputIdentity, before: InputIdentity): boolean {
  if (now.size === undefined || before.size === undefined) return isSame(now, before)
  return now.size === before.size && Math.abs((now.mtime ?? 0) - (before.mtime ?? 0)) < timeGrain
}

/** Reads an input's path as `schedule` does; a name that is there counts before a pattern. */
function nameOf(context: Context, there: string, path: string): Named {
  const { dataset } = context
  const directory = join(dataset.root, there)
  const [cwd, written] = isFolder(directory) ? [directory, path] : [dataset.root, posix.join(there, path)]
  try {
    const literal = normalise(dataset, cwd, written)
    if (literal.ok && fileStatus(join(dataset.root, literal.value.path)) !== undefined)
      return { inside: literal.value }
    const found = normalise(dataset, cwd, written, { patterns: true })
    if (found.ok) return { inside: found.value }
    if (found.failure.kind === 'inside-submodule')
      return { elsewhere: relative(dataset.root, resolve(cwd, written)) }
  } catch (error) {
    // A folder on the way has become a file: then it names nothing.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
  }
  const outside = resolve(cwd, written)
  const below = relative(dataset.root, outside)
  return below.startsWith('..') || resolve(written) === written
    ? { elsewhere: outside }
    : { inside: { path: below, directory: false, pattern: false } }
}

/** The paths at which a commit holds what a record's inputs name. `there` as in `differencesFrom`. */
export async function inputsHeldBy(
  context: Context,
  commit: CommitId,
  record: RunRecord,
  there: string,
): Promise<Fallible<readonly string[], Note>> {
  const names = [...record.inputs, ...record.extra_inputs]
  return heldBy(
    context,
    commit,
    names.map((path) => nameOf(context, there, path)),
  )
}

/** What the commit holds at what the inputs name: of a record without identities that is all that is known. */
async function heldBy(
  context: Context,
  commit: CommitId,
  named: readonly Named[],
): Promise<Fallible<readonly string[], Note>> {
  const inside = named.flatMap((one) => ('inside' in one ? [one.inside] : []))
  if (inside.length === 0) return ok([])
  const prefixes = inside.map(({ path, pattern }) => (pattern ? literalPrefix(path) : path) || '.')
  const subdatasets = subdatasetsOf(context.dataset, { initialise: false })
  const reached = inside.flatMap(({ path, pattern }) => (pattern ? subdatasets.reachedBy(path) : []))
  const pointed = pointedTo(subdatasets, commit)
  const listed = await listAcross(subdatasets, pointed, [...new Set(prefixes)], reached)
  if (!listed.ok) return listed
  const tests = inside.map(({ path, pattern }) => ({ segments: path.split('/'), pattern }))
  return ok(
    listed.value
      .filter(({ mode }) => mode !== '160000')
      .map(({ path }) => path)
      .filter((path) => tests.some((test) => covers(test.segments, path.split('/'), test.pattern))),
  )
}

/** Whether the path is what the segments name, or lies below it. */
function covers(wanted: readonly string[], path: readonly string[], pattern: boolean): boolean {
  const [segment, ...rest] = wanted
  if (segment === undefined || (wanted.length === 1 && segment === '.')) return true
  const [name, ...below] = path
  if (name === undefined) return false
  if (!pattern) return segment === name && covers(rest, below, pattern)
  if (segment === '**')
    return covers(rest, path, pattern) || (!name.startsWith('.') && covers(wanted, below, pattern))
  return segmentMatcher(segment)(name) && covers(rest, below, pattern)
}

/** In a subdataset that is not checked out nothing is gone: it is only not here yet. */
function isElsewhere({ dataset }: Context, path: string): boolean {
  if (submodulePaths(dataset.root).length === 0) return false
  const found = normalise(dataset, dataset.root, path)
  return !found.ok && found.failure.kind === 'subdataset-not-installed'
}

function isFolder(path: string): boolean {
  return fileStatus(path)?.isDirectory() ?? false
}

function scriptDifference(context: Context, record: RunRecord): readonly string[] {
  const script = record.waybill?.['script']
  if (typeof script !== 'object' || script === null || !('path' in script) || !('blob' in script)) return []
  const path = String(script.path)
  try {
    const file = posix.isAbsolute(path) ? path : join(context.dataset.root, path)
    // A record is anybody's: what it names as its script may be a device without an end.
    if (!statSync(file).isFile()) return [path]
    return blobId(context.dataset.objectFormat, readFileSync(file)) === script.blob ? [] : [path]
  } catch {
    return [path]
  }
}
