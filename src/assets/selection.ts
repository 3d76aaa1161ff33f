import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { Asset, Definitions } from './definitions/definitions.ts'
import { nearest } from '../contract/nearest.ts'
import { closure, graphOf, type Graph } from './graph.ts'
import type { Attribute, Selection } from './selection-syntax.ts'

/** A selection names what there is not. */
export type SelectionFailure =
  | {
      readonly kind: 'selection-unknown'
      readonly name: string
      readonly at: number
      readonly nearest: string | null
    }
  | { readonly kind: 'selection-matches-none'; readonly pattern: string; readonly at: number }
  | {
      readonly kind: 'selection-unknown-value'
      readonly attribute: Attribute
      readonly value: string
      readonly at: number
      readonly nearest: string | null
    }

/** The names that a selection means, in the order of the definitions; `stale` tells which assets are that. */
export function select(
  definitions: Pick<Definitions, 'assets' | 'sites' | 'defaultSite' | 'order'>,
  selection: Selection,
  stale: ReadonlySet<string>,
): Fallible<readonly string[], SelectionFailure> {
  if (selection.kind === 'all') return ok(definitions.order)
  const graph = graphOf(definitions.assets)
  const chosen = evaluate({ definitions, graph, stale }, selection)
  return chosen.ok ? ok(definitions.order.filter((name) => chosen.value.has(name))) : chosen
}

interface World {
  readonly definitions: Pick<Definitions, 'assets' | 'sites' | 'defaultSite'>
  readonly graph: Graph
  readonly stale: ReadonlySet<string>
}

type Chosen = Fallible<ReadonlySet<string>, SelectionFailure>

function evaluate(world: World, selection: Selection): Chosen {
  const all = world.definitions.assets
  switch (selection.kind) {
    case 'all':
      return ok(new Set(all.keys()))
    case 'stale':
      return ok(world.stale)
    case 'name':
      return byName(all, selection)
    case 'attribute':
      return byAttribute(world, selection)
    case 'not': {
      const of = evaluate(world, selection.of)
      return of.ok ? ok(new Set([...all.keys()].filter((name) => !of.value.has(name)))) : of
    }
    case 'reach': {
      const of = evaluate(world, selection.of)
      if (!of.ok) return of
      const up = closure(world.graph.needs, of.value, selection.up)
      return ok(new Set([...up, ...closure(world.graph.neededBy, of.value, selection.down)]))
    }
    case 'and':
    case 'or': {
      let sum: ReadonlySet<string> | null = null
      for (const one of selection.of) {
        const of = evaluate(world, one)
        if (!of.ok) return of
        const before: ReadonlySet<string> = sum ?? of.value
        sum =
          selection.kind === 'or'
            ? new Set([...before, ...of.value])
            : new Set([...before].filter((name) => of.value.has(name)))
      }
      return ok(sum ?? new Set())
    }
  }
}

function byName(assets: Definitions['assets'], { name, at }: Extract<Selection, { kind: 'name' }>): Chosen {
  if (!name.includes('*')) {
    if (assets.has(name)) return ok(new Set([name]))
    return fail({ kind: 'selection-unknown', name, at, nearest: nearest(name, assets.keys()) })
  }
  const chosen = [...assets.keys()].filter(matcher(name))
  if (chosen.length === 0) return fail({ kind: 'selection-matches-none', pattern: name, at })
  return ok(new Set(chosen))
}

function byAttribute(
  { definitions: { assets, sites, defaultSite } }: World,
  { attribute, value, at }: Extract<Selection, { kind: 'attribute' }>,
): Chosen {
  const valuesOf = (asset: Asset): readonly string[] => {
    switch (attribute) {
      case 'group':
        return asset.group === null ? [] : [asset.group]
      case 'tag':
        return asset.tags
      case 'owner':
        return asset.owners
      case 'site':
        return [asset.site ?? defaultSite]
    }
  }
  const fits = matcher(value)
  const chosen = [...assets.values()].filter((asset) => valuesOf(asset).some(fits))
  // A site that is defined and has no asset is no mistake.
  if (chosen.length > 0 || (attribute === 'site' && sites.has(value)))
    return ok(new Set(chosen.map(({ name }) => name)))
  const known = attribute === 'site' ? [...sites.keys()] : [...assets.values()].flatMap(valuesOf)
  return fail({
    kind: 'selection-unknown-value',
    attribute,
    value,
    at,
    nearest: nearest(value, new Set(known)),
  })
}

/** `*` stands for any text. Pieces are looked for one after the other: no pattern is slow. */
function matcher(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === pattern
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false
    let from = first.length
    for (const piece of rest) {
      const found = text.indexOf(piece, from)
      if (found < 0) return false
      from = found + piece.length
    }
    return from <= text.length - last.length
  }
}
