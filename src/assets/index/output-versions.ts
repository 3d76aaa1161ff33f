import { ok, type Fallible } from '../../contract/fallible.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { versionOf } from '../versions/version.ts'
import { contentsOf } from './content-versions.ts'
import type { OutputShape } from './output-shape.ts'
import type { DataVersions } from './rows.ts'
import { lookUp, type Hit } from './tree-lookup.ts'

/** Whose outputs are asked for: some keys of an asset (null: it has none) in a commit. */
export interface OutputsAsked {
  readonly commit: string
  readonly shape: OutputShape
  readonly keys: readonly (string | null)[]
}

/**
 * The data versions of outputs as commits hold them, by asked one and key: by content alone. Null where a declared output is
 * not there. An asset without outputs has the version of nothing.
 */
export async function outputVersions(
  dataset: Dataset,
  asked: readonly OutputsAsked[],
): Promise<Fallible<readonly DataVersions[], DatasetFailure>> {
  const all: DataVersions[] = []
  for (const part of inParts(asked)) {
    const found = await versionsOf(dataset, part)
    if (!found.ok) return found
    all.push(...found.value)
  }
  return ok(all)
}

/** So many keys are looked up together: of half a million the answers would not all fit in memory. */
const atOnce = 50_000

function* inParts(asked: readonly OutputsAsked[]): Generator<readonly OutputsAsked[]> {
  let part: OutputsAsked[] = []
  let keys = 0
  for (const one of asked) {
    part.push(one)
    keys += one.keys.length
    if (keys < atOnce) continue
    yield part
    part = []
    keys = 0
  }
  if (part.length > 0) yield part
}

async function versionsOf(
  dataset: Dataset,
  asked: readonly OutputsAsked[],
): Promise<Fallible<readonly DataVersions[], DatasetFailure>> {
  const wanted = asked.flatMap(({ commit, shape, keys }) => keys.flatMap((key) => shape.wanted(commit, key)))
  const found = await lookUp(dataset, wanted)
  if (!found.ok) return found
  const contents = await contentsOf(dataset, found.value.flat())
  if (!contents.ok) return contents
  let next = 0
  return ok(
    asked.map(({ shape, keys }) => {
      const mayBeEmpty = shape.mayBeEmpty()
      return keys.map(() => {
        const hits = found.value.slice(next, next + mayBeEmpty.length)
        next += mayBeEmpty.length
        if (hits.some((one, i) => one.length === 0 && mayBeEmpty[i] !== true)) return null
        return versionOf(hits.flatMap((one, i) => textsOf(one, mayBeEmpty[i] === true, contents.value)))
      })
    }),
  )
}

/** Names count only where a pattern found them: otherwise the definitions say them. */
function textsOf(
  hits: readonly Hit[],
  named: boolean,
  contents: ReadonlyMap<string, string>,
): readonly string[] {
  return [
    `${hits.length}`,
    ...hits.flatMap(({ oid, rest }) => [...(named ? [rest] : []), contents.get(oid) ?? '']),
  ]
}

/** What commits hold at the roots of shapes, as one text each: the same as long as no output can have changed. */
export async function rootTexts(
  dataset: Dataset,
  asked: readonly { readonly commit: string; readonly shape: OutputShape }[],
): Promise<Fallible<readonly string[], DatasetFailure>> {
  const wanted = asked.flatMap(({ commit, shape }) =>
    shape.roots().map((root) => {
      const segments = root === '' ? [] : root.split('/')
      return { commit, base: segments.slice(0, -1).join('/'), rest: segments.slice(-1) }
    }),
  )
  const found = await lookUp(dataset, wanted)
  if (!found.ok) return found
  let next = 0
  return ok(
    asked.map(({ shape }) => {
      const count = shape.roots().length
      const hits = found.value.slice(next, next + count)
      next += count
      return hits.map((one) => one[0]?.oid ?? '-').join(' ')
    }),
  )
}
