import type { PlanOutcome, ToldAsset, ToldBlocked, ToldStale } from '../api/plan.ts'
import { printable } from '../api/printable.ts'
import { reasonNames } from '../api/words-plan.ts'
import { table } from './table.ts'

/** So many ranges of keys are named on a line. */
const mostRanges = 3

/** What would run of one asset, a line a reason, then who said what where that was asked for; of a fresh one only that. */
export function planLines(told: ToldAsset): readonly string[] {
  const lines = [...told.stale, ...told.blocked].map(
    (keys) => `${printable(told.asset)}${pieces(told, keys)}: ${keys.message}`,
  )
  if (lines.length === 0 && told.settings !== undefined) lines.push(`${printable(told.asset)}: fresh`)
  const rows = (told.settings ?? []).map(({ name, value, from, key }) => [
    `  ${name}`,
    value,
    key === null || from === `asset, for key ${key}` ? from : `${from} (key ${key})`,
  ])
  return [...lines, ...table(rows)]
}

function pieces({ keys }: ToldAsset, stale: ToldStale | ToldBlocked): string {
  if (keys === null) return ''
  const named = stale.keys.slice(0, mostRanges).join(', ')
  const more = stale.keys.length > mostRanges ? ', …' : ''
  const of = stale.count === keys ? `all ${keys} keys` : `${stale.count} of ${keys} keys`
  return `: ${of} (${printable(named)}${more})`
}

/** How many assets and pieces would be made for which reason, and how many are fresh. An asset without keys is one piece. */
export function planTable(assets: PlanOutcome['assets']): readonly string[] {
  const counts = new Map<string, { assets: number; pieces: number }>()
  const add = (name: string, count: number): void => {
    const row = counts.get(name) ?? { assets: 0, pieces: 0 }
    counts.set(name, { assets: row.assets + 1, pieces: row.pieces + count })
  }
  for (const { stale } of assets) {
    const kinds = Map.groupBy(stale, ({ reason }) => reason.kind)
    for (const [kind, all] of kinds)
      add(
        reasonNames[kind],
        all.reduce((sum, { count }) => sum + count, 0),
      )
  }
  for (const { blocked } of assets) {
    const count = blocked.reduce((sum, keys) => sum + keys.count, 0)
    if (count > 0) add('blocked', count)
  }
  for (const { fresh } of assets) if (fresh > 0) add('fresh', fresh)
  const fresh = counts.get('fresh')
  counts.delete('fresh')
  const rows = [...counts, ...(fresh === undefined ? [] : [['fresh', fresh] as const])]
  return table([
    ['REASON', 'ASSETS', 'PIECES'],
    ...rows.map(([name, count]) => [name, String(count.assets), String(count.pieces)]),
  ])
}
