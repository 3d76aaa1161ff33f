import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { keyOfLink, keyOfPointer, maxPointerSize } from '../dataset/annex-key.ts'
import { identifyFiles, identifyOutside } from '../dataset/identities.ts'
import { absentInputs, fetchInputs } from '../dataset/inputs.ts'
import { readObjects, readSizes } from '../dataset/objects.ts'
import { listTree, type Entry } from '../dataset/tree.ts'
import { walk } from '../dataset/walk.ts'
import type { Context } from './context.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import type { InputIdentity, ScriptCopy } from './spec.ts'

/** The files and symlinks at and below the given paths; absolute paths (outside the dataset) as they are. */
export function inputFiles(context: Context, paths: readonly string[]): readonly string[] {
  const inside = paths.filter((path) => !path.startsWith('/'))
  const targets = inside.map((path) => ({ path, directory: false, pattern: false }))
  const files = [...walk(context.dataset.root, targets)].filter(
    ({ kind }) => kind === 'file' || kind === 'symlink',
  )
  return [...files.map(({ path }) => path), ...paths.filter((path) => path.startsWith('/'))]
}

/**
 * Gets the annexed content that is absent from these files, `transfers` at once (null: git-annex's own
 * choice). Says what was got; fails when some could not be had.
 */
export async function getInputs(
  context: Context,
  files: readonly string[],
  transfers: number | null,
  report: (report: Report) => void,
): Promise<Fallible<null, Note>> {
  if (context.dataset.annex === null) return ok(null)
  const absent = absentInputs(
    context.dataset,
    files.filter((path) => !path.startsWith('/')),
  )
  if (absent.length === 0) return ok(null)
  context.progress({ kind: 'fetching', files: absent.length })
  const got = await fetchInputs(context.dataset, absent, transfers)
  context.progress({ kind: 'done' })
  if (!got.ok) return got
  for (const { path, fetched, message } of got.value) {
    if (!fetched) return { ok: false, failure: { kind: 'input-not-fetched', path, detail: message } }
    report({ action: 'get', status: 'ok', path, type: 'file' })
  }
  return ok(null)
}

/** What each file is now; those outside the dataset by size and time. */
export async function identify(
  context: Context,
  files: readonly string[],
): Promise<Fallible<readonly InputIdentity[], Note>> {
  const inside = await identifyFiles(
    context.dataset,
    files.filter((path) => !path.startsWith('/')),
  )
  if (!inside.ok) return inside
  return ok([...inside.value, ...files.filter((path) => path.startsWith('/')).map(identifyOutside)])
}

/** What a commit holds at the paths of some files, in the same words as their identities now: annex key or blob. */
export async function treeIdentities(
  context: Context,
  commit: CommitId | null,
  current: ReadonlyMap<string, InputIdentity>,
): Promise<Fallible<ReadonlyMap<string, InputIdentity>, Note>> {
  const paths = [...current.keys()]
  if (commit === null || paths.length === 0) return ok(new Map())
  const listed = await listTree(context.dataset, commit, paths)
  if (!listed.ok) return listed
  // An entry with the blob that is there now points nowhere else: most need no second look.
  const contents = await pointerContents(
    context,
    listed.value.filter(({ path, oid }) => current.get(path)?.blob !== oid),
  )
  if (!contents.ok) return contents
  return ok(
    new Map(
      listed.value.map((entry) => {
        const content = contents.value.get(entry.oid)
        const key =
          content === undefined
            ? null
            : entry.mode === '120000'
              ? keyOfLink(content.toString())
              : keyOfPointer(content)
        return [entry.path, { path: entry.path, ...(key === null ? { blob: entry.oid } : { key }) }]
      }),
    ),
  )
}

/** Contents of those entries that may point into the annex: symlinks and small files. */
async function pointerContents(
  context: Context,
  entries: readonly Entry[],
): Promise<Fallible<ReadonlyMap<string, Buffer>, Note>> {
  if (context.dataset.annex === null) return ok(new Map())
  const candidates = entries.filter(({ mode }) => mode !== '160000')
  const sizes = await readSizes(
    context.dataset,
    candidates.map(({ oid }) => oid),
  )
  if (!sizes.ok) return sizes
  const small = candidates.filter((_, i) => (sizes.value[i] ?? Infinity) <= maxPointerSize)
  const objects = await readObjects(
    context.dataset,
    small.map(({ oid }) => oid),
  )
  if (!objects.ok) return objects
  return ok(
    new Map(
      objects.value.flatMap((object) => (object === null ? [] : [[object.oid, object.content] as const])),
    ),
  )
}

/** Which tracked inputs, and whether the script, differ from what a commit holds. */
export async function findDifferences(
  context: Context,
  commit: CommitId | null,
  identities: readonly InputIdentity[],
  script: ScriptCopy | null,
): Promise<Fallible<readonly string[], Note>> {
  const current = [...identities.filter(({ path }) => !path.startsWith('/')), ...scriptIdentity(script)]
  const held = await treeIdentities(context, commit, new Map(current.map((one) => [one.path, one])))
  if (!held.ok) return held
  const differing = current.filter((now) => {
    const then = held.value.get(now.path)
    return then !== undefined && !isSame(now, then)
  })
  return ok([...new Set(differing.map(({ path }) => path))])
}

/** The script as an input, where it lies in the dataset. */
export function scriptIdentity(script: ScriptCopy | null): readonly InputIdentity[] {
  return script === null || script.path === null || script.path.startsWith('/')
    ? []
    : [{ path: script.path, blob: script.blob }]
}

/** Whether two identities are of the same content. Key and blob cannot be compared: then the answer is no. */
export function isSame(a: InputIdentity, b: InputIdentity): boolean {
  if (a.key !== undefined || b.key !== undefined) return a.key === b.key
  if (a.blob !== undefined || b.blob !== undefined) return a.blob === b.blob
  return a.size === b.size && a.mtime === b.mtime
}
