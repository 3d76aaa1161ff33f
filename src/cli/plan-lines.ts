import type { PlanOutcome, ToldAsset, ToldStale } from '../api/plan.ts'
import { printable } from '../api/printable.ts'
import { reasonNames } from '../api/words-plan.ts'
import { table } from './table.ts'

/** So many ranges of keys, or jobs, are named on a line. */
const mostNames = 3

/** What would run of one asset, a line a reason, then who said what where that was asked for; of a fresh one only that. */
export function planLines(told: ToldAsset): readonly string[] {
  const { asset, blocked, making } = told
  const lines = [...told.stale, ...blocked].map(
    (keys) => `${printable(asset)}${pieces(told, keys)}: ${keys.message}`,
  )
  if (making.length > 0) {
    const all = { count: sum(making), keys: making.flatMap(({ keys }) => keys) }
    const jobs = listed(making.map(({ job }) => job))
    const word = making.length === 1 ? 'job' : 'jobs'
    lines.push(`${printable(asset)}${pieces(told, all)}: being made by ${word} ${jobs}`)
  }
  if (lines.length === 0 && told.settings !== undefined) lines.push(`${printable(told.asset)}: fresh`)
  const rows = (told.settings ?? []).map(({ name, value, from, key }) => [
    `  ${name}`,
    value,
    key === null || from === `asset, for key ${key}` ? from : `${from} (key ${key})`,
  ])
  return [...lines, ...table(rows)]
}

function pieces({ keys }: ToldAsset, some: Pick<ToldStale, 'count' | 'keys'>): string {
  if (keys === null) return ''
  const of = some.count === keys ? `all ${keys} keys` : `${some.count} of ${keys} keys`
  return `: ${of} (${listed(some.keys)})`
}

function listed(names: readonly string[]): string {
  return `${printable(names.slice(0, mostNames).join(', '))}${names.length > mostNames ? ', …' : ''}`
}

function sum(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((all, { count }) => all + count, 0)
}

/** How many assets and pieces would be made for which reason, and how many are fresh. An asset without keys is one piece. */
export function planTable(assets: PlanOutcome['assets']): readonly string[] {
  const counts = new Map<string, { assets: number; pieces: number }>()
  const add = (name: string, count: number): void => {
    const row = counts.get(name) ?? { assets: 0, pieces: 0 }
    counts.set(name, { assets: row.assets + 1, pieces: row.pieces + count })
  }
  for (const { stale, blocked, making } of assets) {
    if (blocked.length > 0) add('blocked', sum(blocked))
    if (making.length > 0) add('being made', sum(making))
    const kinds = Map.groupBy(stale, ({ reason }) => reason.kind)
    for (const [kind, all] of kinds) add(reasonNames[kind], sum(all))
  }
  for (const { fresh } of assets) if (fresh > 0) add('fresh', fresh)
  // What will not be made stands last.
  const last = ['blocked', 'being made', 'fresh']
  const rows = [...counts].toSorted(([a], [b]) => last.indexOf(a) - last.indexOf(b))
  return table([
    ['REASON', 'ASSETS', 'PIECES'],
    ...rows.map(([name, count]) => [name, String(count.assets), String(count.pieces)]),
  ])
}
