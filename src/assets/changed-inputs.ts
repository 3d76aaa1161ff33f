import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { InputIdentity } from '../job/spec.ts'
import { mayMeet } from '../ledger/path-pattern.ts'
import { pathsFor } from './definitions/filled.ts'
import { readRecordFacts, type RecordFacts } from './index/record-facts.ts'
import type { AssetView, Look } from './look.ts'
import type { Plan, StaleKeys } from './plan.ts'
import { identityText } from './versions/input-versions.ts'

/**
 * The same plan with the paths of inputs that changed, where the records tell: they are read only for this, of the first key
 * of each reason.
 */
export async function withChangedInputs(
  dataset: Dataset,
  look: Look,
  plan: Plan,
): Promise<Fallible<Plan, DatasetFailure>> {
  const commits = new Set(
    plan.assets.flatMap(({ name, stale }) => stale.flatMap((keys) => recordOf(look, name, keys) ?? [])),
  )
  if (commits.size === 0) return ok(plan)
  const list = [...commits]
  const read = await readRecordFacts(dataset, list)
  if (!read.ok) return read
  const facts = new Map(list.map((commit, i) => [commit, read.value[i] ?? null]))
  const told = (name: string, keys: StaleKeys): StaleKeys => {
    const commit = recordOf(look, name, keys)
    const view = look.views.get(name)
    const recorded = commit === null ? null : (facts.get(commit) ?? null)
    if (view === undefined || recorded === null) return keys
    const paths = changedPaths(view, keys.ranges[0]?.from ?? 0, recorded, look)
    return { ...keys, reason: { kind: 'input-changed', paths } }
  }
  const assets = plan.assets.map((asset) => ({
    ...asset,
    stale: asset.stale.map((keys) => told(asset.name, keys)),
  }))
  return ok({ ...plan, assets })
}

/** The record to compare with, of keys whose inputs changed; null for others. */
function recordOf({ views }: Look, name: string, { reason, ranges }: StaleKeys): CommitId | null {
  const state = views.get(name)?.state
  if (reason.kind !== 'input-changed' || state === undefined) return null
  return state.records[state.record[ranges[0]?.from ?? 0] ?? -1]?.commit ?? null
}

function changedPaths(
  { asset, space }: AssetView,
  index: number,
  { own, lists }: RecordFacts,
  { files }: Look,
): readonly string[] {
  const listed = [own['inputs'], lists['inputs']].flatMap((list) => (Array.isArray(list) ? list : []))
  const then = new Map(listed.filter(isIdentity).map((one) => [one.path, identityText(one)]))
  // A record that tells of no inputs does not tell which they were.
  if (then.size === 0) return []
  const patterns = pathsFor(asset.inputs, asset.partitions === null ? null : space.at(index))
  const now = new Set(patterns.flatMap((pattern) => files.filesOf(pattern)))
  const gone = [...then.keys()].filter(
    (path) => !now.has(path) && patterns.some((pattern) => mayMeet(pattern, path)),
  )
  return [...[...now].filter((path) => then.get(path) !== files.identityOf(path)), ...gone].toSorted()
}

function isIdentity(value: unknown): value is InputIdentity {
  return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string'
}
