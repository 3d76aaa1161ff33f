import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { endAt } from './asset-records.ts'
import type { OutputShape } from './output-shape.ts'
import { outputVersions, rootTexts } from './output-versions.ts'
import type { CurrentRow, DataVersions } from './rows.ts'

/** Rows with what they lacked, in their order; `changed`: those of which more is known than before. */
export interface Refreshed {
  readonly rows: readonly CurrentRow[]
  readonly changed: ReadonlySet<CurrentRow>
}

/** So few outputs are looked up sooner than it is found out whether they need be. */
const few = 4

/**
 * Finds out what the outputs of records are, in their own commits and at a head, where that is not known: only where
 * something at the root of an asset's outputs is another since it was last looked at.
 */
export async function refreshOutputs(
  dataset: Dataset,
  head: CommitId,
  shapes: ReadonlyMap<string, OutputShape>,
  rows: readonly CurrentRow[],
): Promise<Fallible<Refreshed, DatasetFailure>> {
  const names = [...new Set(rows.flatMap(({ record }) => record?.facts.name ?? []))]
  const known = names.flatMap((name) => {
    const shape = shapes.get(name)
    return shape === undefined ? [] : [{ name, shape }]
  })
  const rootsNow = await rootTexts(
    dataset,
    known.map(({ shape }) => ({ commit: head, shape })),
  )
  if (!rootsNow.ok) return rootsNow
  const placed = new Map(known.map(({ name, shape }, i) => [name, { shape, roots: rootsNow.value[i] ?? '' }]))
  const open = rows.flatMap((row) => {
    const at = placed.get(row.record?.facts.name ?? '')
    if (at === undefined || (row.shape === at.shape.text && row.roots === at.roots)) return []
    return [{ row, ...at }]
  })
  const large = open.filter(({ row }) => keysMade(row).length > few)
  const rootsThen = await rootTexts(
    dataset,
    large.map(({ row, shape }) => ({ commit: row.commit, shape })),
  )
  if (!rootsThen.ok) return rootsThen
  const unchanged = new Set(large.filter(({ roots }, i) => roots === rootsThen.value[i]))
  const ofThen = open.filter(({ row, shape }) => row.shape !== shape.text || row.made === null)
  const ofNow = open.filter((one) => !unchanged.has(one))
  const found = await outputVersions(dataset, [
    ...ofThen.map(({ row, shape }) => ({ commit: row.commit, shape, keys: keysMade(row) })),
    ...ofNow.map(({ row, shape }) => ({ commit: head, shape, keys: keysMade(row) })),
  ])
  if (!found.ok) return found
  const then = new Map(ofThen.map(({ row }, i) => [row, spread(row, found.value[i] ?? [])]))
  const now = new Map(ofNow.map(({ row }, i) => [row, spread(row, found.value[ofThen.length + i] ?? [])]))
  const fresh = new Map(
    open.map(({ row, shape, roots }): readonly [CurrentRow, CurrentRow] => {
      const made = then.get(row) ?? row.made
      const versions = now.get(row) ?? null
      const same = versions?.every((one, i) => one === made?.[i]) ?? true
      return [row, { ...row, shape: shape.text, made, roots, now: same ? null : versions }]
    }),
  )
  return ok({ rows: rows.map((row) => fresh.get(row) ?? row), changed: new Set(fresh.values()) })
}

/** The keys that a record's job made, which alone are looked at. */
function keysMade({ record }: CurrentRow): readonly (string | null)[] {
  if (record === null) return []
  return (record.facts.keys ?? [null]).filter((_, i) => endAt(record, i) === 'done')
}

/** Versions of the keys that were made, at the places of all. */
function spread({ record }: CurrentRow, versions: DataVersions): DataVersions {
  if (record === null) return []
  let next = 0
  return (record.facts.keys ?? [null]).map((_, i) =>
    endAt(record, i) === 'done' ? (versions[next++] ?? null) : null,
  )
}
