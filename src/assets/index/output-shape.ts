import { escapePattern } from '../../dataset/paths.ts'
import type { Asset } from '../definitions/definitions.ts'
import { keySeparator } from '../definitions/key-space.ts'
import { fillTemplate, type Template } from '../definitions/template.ts'
import type { Wanted } from './tree-lookup.ts'

/** Where an asset's outputs lie, as far as it can be told without knowing its keys. */
export interface OutputShape {
  /** Changes when outputs, or the dimensions of keys, do: what was found for another is not known of this one. */
  readonly text: string
  /** For each output the path that does not depend on the key: what it holds is the same as long as that is. */
  readonly roots: () => readonly string[]
  /** Where each output of a key is to be looked up. */
  readonly wanted: (commit: string, key: string | null) => readonly Wanted[]
  /** Outputs that may name nothing, since they are patterns. */
  readonly mayBeEmpty: () => readonly boolean[]
}

/** The shape of an asset's outputs. */
export function outputShape({ outputs, partitions }: Pick<Asset, 'outputs' | 'partitions'>): OutputShape {
  const dimensions = [...(partitions?.keys() ?? [])]
  let known: readonly Placed[] | null = null
  // Where nothing has changed nobody asks for more than the text.
  const places = (): readonly Placed[] => (known ??= outputs.map(placeOf))
  return {
    text: JSON.stringify([outputs.map(({ text }) => text), dimensions]),
    roots: () => places().map(({ root }) => root),
    mayBeEmpty: () => places().map(({ isWild }) => isWild),
    wanted: (commit, key) => {
      const parts = key?.split(keySeparator) ?? []
      const values = Object.fromEntries(dimensions.map((name, i) => [name, parts[i] ?? '']))
      return places().map(({ template, base, depth }) => {
        const path = fillTemplate(template, values, escapePattern)
        return { commit, base, rest: path === '.' ? [] : path.split('/').slice(depth) }
      })
    },
  }
}

interface Placed {
  readonly template: Template
  readonly root: string
  /** The folder from which it is looked up, and how many segments deep that is. */
  readonly base: string
  readonly depth: number
  /** It is a pattern for each key. */
  readonly isWild: boolean
}

function placeOf(template: Template): Placed {
  const pattern = template.parts.map((part) => (typeof part === 'string' ? part : '*')).join('')
  const segments = pattern === '.' ? [] : pattern.split('/')
  const firstWild = segments.findIndex((segment) => /[*?[]/.test(segment))
  const fixed = firstWild < 0 ? segments.length : firstWild
  const isWild = template.parts.some((part) => typeof part === 'string' && /[*?[]/.test(part))
  // A folder from which one name is wanted may be that of many assets.
  const depth = firstWild < 0 ? Math.max(0, segments.length - 1) : fixed
  return {
    template,
    root: segments.slice(0, fixed).join('/'),
    base: segments.slice(0, depth).join('/'),
    depth,
    isWild,
  }
}
