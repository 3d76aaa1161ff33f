import { ok, type Fallible } from '../../contract/fallible.ts'
import { segmentMatcher } from '../../contract/glob-segment.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { lookAtObjects } from '../../dataset/objects.ts'
import { hasWildcard } from '../../dataset/paths.ts'
import { readTrees, type TreeEntry } from './read-trees.ts'

/** What a commit holds at a path. */
export interface Hit extends TreeEntry {
  /** The path below `base`; empty for `base` itself. */
  readonly rest: string
}

/** A path or pattern to be looked up in a commit: `rest` (segments; none: `base` itself) below a folder that many have. */
export interface Wanted {
  /** A commit's id. */
  readonly commit: string
  /** Root-relative and without wildcards; empty for the root. */
  readonly base: string
  /** Segments in the dialect of Python's glob. */
  readonly rest: readonly string[]
}

/** Below a folder from which no more than these are wanted, git looks each up by itself, and the folder is not read. */
const few = 2

/**
 * Looks many paths up in many commits, by a handful of git processes: each folder from which several are wanted is read
 * once. Each answer has what was found, in order: nothing where nothing is there. What lies in a submodule is found as the
 * submodule's commit.
 */
export async function lookUp(
  dataset: Dataset,
  wanted: readonly Wanted[],
): Promise<Fallible<readonly (readonly Hit[])[], DatasetFailure>> {
  if (wanted.length === 0) return ok([])
  const places = placesOf(wanted)
  const found = await resolveNames(dataset, new Set(places.map(({ name }) => name)))
  if (!found.ok) return found
  const answers: Hit[][] = wanted.map(() => [])
  const open: Open[] = []
  const lost: Open[] = []
  for (const [i, one] of wanted.entries()) {
    const { name = '', alone = null } = places[i] ?? {}
    const at = found.value.get(name)
    if (at === undefined)
      lost.push({ answer: i, oid: one.commit, rest: '', left: [...segments(one.base), ...one.rest] })
    else if (alone !== null || one.rest.length === 0) answers[i]?.push({ ...at, rest: alone ?? '' })
    else if (at.type === 'tree') open.push({ answer: i, oid: at.oid, rest: '', left: one.rest })
  }
  const walked = await descend(dataset, open, answers)
  if (!walked.ok) return walked
  // git finds nothing by a name that leads through a submodule.
  const through = await throughSubmodules(dataset, lost, wanted, answers)
  return through.ok ? ok(answers) : through
}

/** What git is asked for by name. */
interface NamedPlace {
  readonly name: string
  /** The path below the folder, where it is asked for by itself; null: the folder is, from which several are wanted. */
  readonly alone: string | null
}

function placesOf(wanted: readonly Wanted[]): readonly NamedPlace[] {
  const folders = wanted.map(({ commit, base }) => `${commit}:${base}`)
  const counts = new Map<string, number>()
  for (const folder of folders) counts.set(folder, (counts.get(folder) ?? 0) + 1)
  return wanted.map(({ commit, base, rest }, i) => {
    const folder = folders[i] ?? ''
    if (rest.length === 0 || (counts.get(folder) ?? 0) > few || rest.some(isWild))
      return { name: folder, alone: null }
    const alone = rest.map(unescaped).join('/')
    return { name: `${commit}:${base === '' ? '' : `${base}/`}${alone}`, alone }
  })
}

interface Open {
  readonly answer: number
  readonly oid: string
  readonly rest: string
  readonly left: readonly string[]
}

/** Goes down level by level, reading all trees of a level together. */
async function descend(
  dataset: Dataset,
  from: readonly Open[],
  answers: readonly Hit[][],
): Promise<Fallible<null, DatasetFailure>> {
  let level = from
  while (level.length > 0) {
    const trees = await readTrees(dataset, new Set(level.map(({ oid }) => oid)))
    if (!trees.ok) return trees
    const next: Open[] = []
    for (const { answer, oid, rest, left } of level) {
      const entries = trees.value.get(oid) ?? new Map<string, TreeEntry>()
      const [segment = '', ...more] = left
      const step = (name: string, entry: TreeEntry, after: readonly string[]): void => {
        const path = rest === '' ? name : `${rest}/${name}`
        if (after.length === 0 || entry.type === 'commit') answers[answer]?.push({ ...entry, rest: path })
        else if (entry.type === 'tree') next.push({ answer, oid: entry.oid, rest: path, left: after })
      }
      if (segment === '**') {
        for (const [name, entry] of entries) {
          if (name.startsWith('.')) continue
          if (entry.type === 'tree') step(name, entry, left)
          else if (more.length === 0) step(name, entry, more)
        }
        if (more.length > 0) next.push({ answer, oid, rest, left: more })
      } else if (isWild(segment)) {
        const matches = segmentMatcher(segment)
        for (const [name, entry] of entries) if (matches(name)) step(name, entry, more)
      } else {
        const name = unescaped(segment)
        const entry = entries.get(name)
        if (entry !== undefined) step(name, entry, more)
      }
    }
    level = next
  }
  for (const answer of answers) {
    if (answer.length > 1) answer.sort((a, b) => (a.rest < b.rest ? -1 : 1))
  }
  return ok(null)
}

async function throughSubmodules(
  dataset: Dataset,
  lost: readonly Open[],
  wanted: readonly Wanted[],
  answers: readonly Hit[][],
): Promise<Fallible<null, DatasetFailure>> {
  if (lost.length === 0) return ok(null)
  const commits = new Set(lost.map(({ oid }) => oid))
  const names = new Map(
    [...commits].flatMap((commit) => [
      [`${commit}:.gitmodules`, commit],
      [`${commit}:`, commit],
    ]),
  )
  const found = await resolveNames(dataset, new Set(names.keys()))
  if (!found.ok) return found
  const open = lost.flatMap((one): readonly Open[] => {
    const root = found.value.get(`${one.oid}:`)
    const has = found.value.has(`${one.oid}:.gitmodules`)
    return has && root !== undefined ? [{ ...one, oid: root.oid }] : []
  })
  const hits: Hit[][] = wanted.map(() => [])
  const walked = await descend(dataset, open, hits)
  if (!walked.ok) return walked
  for (const [i, list] of hits.entries()) answers[i]?.push(...list.filter(({ type }) => type === 'commit'))
  return ok(null)
}

/** What each name (`COMMIT:path`) is; names of nothing are absent. One git process. */
async function resolveNames(
  dataset: Dataset,
  names: ReadonlySet<string>,
): Promise<Fallible<ReadonlyMap<string, TreeEntry>, DatasetFailure>> {
  const found = new Map<string, TreeEntry>()
  if (names.size === 0) return ok(found)
  const list = [...names]
  let line = 0
  const asked = await lookAtObjects(dataset, list, (head) => {
    const name = list[line++]
    if (name !== undefined && (head?.type === 'blob' || head?.type === 'tree'))
      found.set(name, { oid: head.oid, type: head.type })
  })
  return asked.ok ? ok(found) : asked
}

function segments(path: string): readonly string[] {
  return path === '' ? [] : path.split('/')
}

function isWild(segment: string): boolean {
  return hasWildcard(segment)
}

/** A name that was written as a pattern of itself (`[[]`). */
function unescaped(segment: string): string {
  return segment.includes('[') ? segment.replaceAll(/\[([*?[])\]/g, '$1') : segment
}
