import type { Asset } from './definitions.ts'
import type { Partitions } from './key-space.ts'
import { PrefixIndex } from './prefix-index.ts'
import { dimensionsOf } from './template.ts'
import type { Report } from './local-report.ts'
import { segmentsMayMeet, segmentsOf, tellsKeysApart, type OutputSegment } from './output-pattern.ts'
import type { ValuePath, Where } from './problem.ts'

/** One output in the tree of all. */
interface Placed {
  readonly asset: string
  readonly text: string
  readonly path: ValuePath
}

/** A folder of the tree: what lies in it, and the output that ends here. */
interface Folder {
  readonly branches: Map<string, Branch>
  /** Names and patterns by the literal text that they begin with. */
  readonly byHead: PrefixIndex<Branch>
  /** Patterns that begin with a wildcard, by the literal text that they end with, backwards. */
  readonly byTail: PrefixIndex<Branch>
  placed: Placed | null
}

interface Branch {
  readonly segment: OutputSegment
  readonly folder: Folder
}

/**
 * Reports outputs of different assets of which one may be, contain or lie under the other; each output once, with the
 * first that it meets. They are looked up in a tree by their segments, not compared in pairs.
 */
export function checkOutputsOfAssets(
  assets: ReadonlyMap<string, Asset>,
  where: (path: ValuePath) => Where,
  report: Report,
): void {
  const root = newFolder()
  const ids = new Map<string, number>()
  for (const asset of assets.values()) {
    const keys = idOf(asset.partitions, ids)
    const mine = asset.outputs.map((output, i) => ({
      segments: output.text === '.' ? [] : segmentsOf(output, asset.partitions),
      placed: { asset: asset.name, text: output.text, path: ['assets', asset.name, 'outputs', i] },
    }))
    for (const { segments, placed } of mine) {
      const other = meeting(root, segments, 0)
      if (other === null) continue
      const facts = { output: placed.text, asset: other.asset, other: other.text, at: where(other.path) }
      report({ kind: 'output-taken', ...facts }, placed.path)
    }
    // Only now: what one asset writes may lie within what else it writes.
    for (const { segments, placed } of mine) insert(root, segments, placed, keys)
  }
}

/** Reports outputs of one asset that two of its keys may write both. Cost: the outputs in pairs, not the keys. */
export function checkOutputsOfKeys(asset: Asset, report: Report): void {
  const { partitions } = asset
  if (partitions === null) return
  const outputs = asset.outputs.map((output) => ({ output, segments: segmentsOf(output, partitions) }))
  for (const [i, { output, segments }] of outputs.entries()) {
    const path = ['assets', asset.name, 'outputs', i]
    // That is told already where the output is read.
    if (dimensionsOf(output).size < partitions.size) continue
    if (segments.some((segment) => !tellsKeysApart(segment, partitions))) {
      report({ kind: 'keys-share-output', output: output.text, other: output.text }, path)
      continue
    }
    const other = outputs.slice(0, i).find((one) => keysMayMeet(one.segments, segments, partitions))
    if (other !== undefined)
      report({ kind: 'keys-share-output', output: output.text, other: other.output.text }, path)
  }
}

/** Whether for two different keys one path may be, contain or lie under the other. */
function keysMayMeet(
  a: readonly OutputSegment[],
  b: readonly OutputSegment[],
  partitions: Partitions,
): boolean {
  const told = new Set<string>()
  for (const [i, left] of a.entries()) {
    const right = b[i]
    if (right === undefined) break
    if (left.text === '**' || right.text === '**') return true
    if (!segmentsMayMeet(left, right)) return false
    // One and the same segment: where it meets, these dimensions have the same value.
    if (left.text === right.text) for (const dimension of left.dimensions) told.add(dimension)
  }
  return [...partitions.keys()].some((dimension) => !told.has(dimension))
}

function newFolder(): Folder {
  return { branches: new Map(), byHead: new PrefixIndex(), byTail: new PrefixIndex(), placed: null }
}

/** A number for all assets that have the same keys: their equal segments are one branch of the tree. */
function idOf(partitions: Partitions | null, ids: Map<string, number>): number {
  const text = [...(partitions ?? [])].map(([name, keys]) =>
    [name, ...(keys.kind === 'list' ? keys.keys : [keys.every.unit])].join('\0'),
  )
  const key = text.join('\n')
  const id = ids.get(key) ?? ids.size
  ids.set(key, id)
  return id
}

function insert(root: Folder, segments: readonly OutputSegment[], placed: Placed, keys: number): void {
  let at = root
  for (const segment of segments) {
    const key = segment.literal ? segment.pattern : `${keys}\0${segment.text}`
    let branch = at.branches.get(key)
    if (branch === undefined) {
      branch = { segment, folder: newFolder() }
      at.branches.set(key, branch)
      const { head, tail } = endsOf(segment)
      if (head === '' && tail !== '') at.byTail.add(tail, branch)
      else at.byHead.add(head, branch)
    }
    at = branch.folder
  }
  at.placed ??= placed
}

/** An output in the tree that may meet the one with these segments, or null. */
function meeting(folder: Folder, segments: readonly OutputSegment[], depth: number): Placed | null {
  if (folder.placed !== null) return folder.placed
  const segment = segments[depth]
  if (segment === undefined || segment.text === '**') return anyIn(folder)
  const { head, tail } = endsOf(segment)
  const candidates = [folder.byHead.agreeing(head), folder.byTail.agreeing(tail)]
  for (const branch of candidates.flatMap((found) => [...found])) {
    if (branch.segment.text === '**') return anyIn(branch.folder)
    if (!segmentsMayMeet(branch.segment, segment)) continue
    const found = meeting(branch.folder, segments, depth + 1)
    if (found !== null) return found
  }
  return null
}

/** What a name or pattern begins and, backwards, ends with; a name is all of both. */
function endsOf({ literal, pattern, ends }: OutputSegment): { readonly head: string; readonly tail: string } {
  const [head, tail] = literal ? [pattern, pattern] : (ends ?? ['', ''])
  return { head, tail: [...tail].toReversed().join('') }
}

function anyIn(folder: Folder): Placed | null {
  if (folder.placed !== null) return folder.placed
  for (const branch of folder.branches.values()) {
    const found = anyIn(branch.folder)
    if (found !== null) return found
  }
  return null
}
