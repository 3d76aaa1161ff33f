import type { Asset } from './definitions/definitions.ts'

/** Which assets need which, both ways. */
export interface Graph {
  /** Assets that one needs, in the written order. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** Assets that need it, in the order of the definitions. */
  readonly neededBy: ReadonlyMap<string, readonly string[]>
}

/** The graph of some assets. */
export function graphOf(assets: ReadonlyMap<string, Pick<Asset, 'needs'>>): Graph {
  const needs = new Map<string, readonly string[]>()
  const neededBy = new Map<string, string[]>([...assets.keys()].map((name) => [name, []]))
  for (const [name, asset] of assets) {
    needs.set(name, asset.needs)
    for (const need of asset.needs) neededBy.get(need)?.push(name)
  }
  return { needs, neededBy }
}

/**
 * All names that lie at most `depth` steps from some others (Infinity: any number), those included: upstream along `needs`,
 * downstream along `neededBy`. Each step is taken once.
 */
export function closure(edges: Graph['needs'], from: Iterable<string>, depth: number): ReadonlySet<string> {
  const reached = new Set(from)
  let edge: readonly string[] = [...reached]
  for (let step = 0; step < depth && edge.length > 0; step++) {
    const next: string[] = []
    for (const name of edge) {
      for (const other of edges.get(name) ?? []) {
        if (reached.has(other)) continue
        reached.add(other)
        next.push(other)
      }
    }
    edge = next
  }
  return reached
}
