import type { KnownNames } from './graph.ts'
import type { Report } from './local-report.ts'
import { readForm, type PlacedProblem } from './schema-problems.ts'
import { writtenForm } from './written-form.ts'
import type { Written } from './written.ts'

/**
 * What of a value has the written form; all that has not is reported, and taken out, so that the rest can be looked at.
 * Null when nothing is left.
 */
export function writtenPart(value: unknown, report: Report): Written | null {
  let part = value
  for (let told = false; ; told = true) {
    const form = readForm(writtenForm, part)
    if (form.ok) return form.value
    // What is missing after something was taken out was not missing before.
    if (!told) for (const { facts, path, at } of form.failure) report(facts, path, at)
    for (const problem of form.failure) part = without(part, extentOf(problem))
    if (!isMapping(part)) return null
  }
}

/** Every name that is defined, whatever is wrong with what it names. */
export function namesIn(value: unknown): KnownNames {
  const keys = (name: string): ReadonlySet<string> => {
    const one: unknown = isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined
    return new Set(isMapping(one) ? Object.keys(one) : [])
  }
  const none = !isMapping(value) || value['sites'] === undefined
  return {
    assets: keys('assets'),
    externals: keys('external'),
    sites: none ? new Set(['here']) : keys('sites'),
  }
}

/** What each asset needs of the others, also where something else is wrong with it. */
export function needsIn(
  { assets = {} }: Written,
  known: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(assets).map(([name, { needs = [] }]) => [name, needs.filter((need) => known.has(need))]),
  )
}

/** The path to all that a problem leaves in doubt: without its list, or its partitions, what is said of an asset is another thing. */
function extentOf({ facts, path }: PlacedProblem): readonly string[] {
  const names = path.map(String)
  const meant = facts.kind === 'unknown-key' ? facts.nearest : names[2]
  if (names[0] === 'assets' && meant === 'partitions') return names.slice(0, 2)
  const list = path.findIndex((part) => typeof part === 'number')
  return list < 0 ? names : names.slice(0, list)
}

function without(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return undefined
  if (!isMapping(value) || !Object.hasOwn(value, first)) return value
  const entries = Object.entries(value).flatMap(([key, one]) => {
    if (key !== first) return [[key, one] as const]
    const left = without(one, rest)
    return left === undefined ? [] : [[key, left] as const]
  })
  return Object.fromEntries(entries)
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
