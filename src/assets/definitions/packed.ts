import type { Asset, Definitions } from './definitions.ts'
import { parseTemplate, type Template } from './template.ts'

/** Definitions in JSON: values of assets that are alike stand there once, and each asset tells which are its own. */
interface Packed {
  readonly rest: unknown
  readonly names: readonly (keyof Asset)[]
  readonly values: readonly unknown[]
  /** The place of the value of each name, in the first asset. */
  readonly first: readonly number[]
  /** For each asset the places of names whose values are not those of the first, each with its value's place behind it. */
  readonly assets: readonly (readonly number[])[]
}

/** What JSON has no words for is an object of one of these names: no other object in definitions has them, extras apart. */
type Tagged =
  | { readonly '=template': string }
  | { readonly '=map': readonly (readonly [unknown, unknown])[] }
  | { readonly '=set': readonly unknown[] }
  | { readonly '=extras': string }

/** Definitions as a text that is soon read: of five thousand assets most say of most things the same. */
export function packDefinitions({ assets, ...rest }: Definitions): string {
  const [first] = assets.values()
  const names = Object.keys(first ?? {}) as (keyof Asset)[]
  const places = new Map<string, number>()
  const place = (text: string): number => {
    const known = places.get(text) ?? places.size
    if (known === places.size) places.set(text, known)
    return known
  }
  const texts = new Map<unknown, string>()
  // What says nothing is one and the same for most.
  const textOf = (value: unknown): string => {
    const text = texts.get(value) ?? JSON.stringify(toJson(value))
    if (!Array.isArray(value)) texts.set(value, text)
    return text
  }
  const rows = Array.from(assets.values(), (asset) =>
    names.map((name) =>
      // Anybody's JSON is one text: its names may be ours.
      place(
        name === 'extras'
          ? `{"=extras":${JSON.stringify(JSON.stringify(asset.extras))}}`
          : textOf(asset[name]),
      ),
    ),
  )
  const [common = []] = rows
  const differing = rows.map((row) => row.flatMap((at, i) => (at === common[i] ? [] : [i, at])))
  const head = JSON.stringify({ rest: toJson(rest), names, first: common, assets: differing })
  return `${head.slice(0, -1)},"values":[${[...places.keys()].join(',')}]}`
}

/** Reads them. @throws SyntaxError for a text that is not whole. */
export function unpackDefinitions(text: string): Definitions {
  const packed = JSON.parse(text) as Packed
  const values = packed.values.map(fromJson)
  const { names } = packed
  const first = Object.fromEntries(names.map((name, i) => [name, values[packed.first[i] ?? -1]]))
  const assets = new Map<string, Asset>()
  for (const row of packed.assets) {
    const asset: Record<string, unknown> = { ...first }
    for (let i = 0; i < row.length; i += 2) asset[names[row[i] ?? -1] ?? ''] = values[row[i + 1] ?? -1]
    assets.set(asset['name'] as string, asset as unknown as Asset)
  }
  return { ...(fromJson(packed.rest) as Omit<Definitions, 'assets'>), assets }
}

function toJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof Map)
    return { '=map': Array.from(value, ([name, one]) => [name, toJson(one)]) } satisfies Tagged
  if (value instanceof Set) return { '=set': [...value] } satisfies Tagged
  if (isTemplate(value)) return { '=template': value.text } satisfies Tagged
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toJson(one)]))
}

function fromJson(packed: unknown): unknown {
  if (typeof packed !== 'object' || packed === null) return packed
  if (Array.isArray(packed)) return packed.map(fromJson)
  const tagged = packed as Tagged
  if ('=template' in tagged) return parseTemplate(tagged['=template'])
  if ('=map' in tagged) return new Map(tagged['=map'].map(([name, one]) => [name, fromJson(one)]))
  if ('=set' in tagged) return new Set(tagged['=set'])
  if ('=extras' in tagged) return JSON.parse(tagged['=extras']) as unknown
  return Object.fromEntries(Object.entries(packed).map(([name, one]) => [name, fromJson(one)]))
}

/** A template is what its text says. */
function isTemplate(value: object): value is Template {
  return 'text' in value && 'parts' in value
}
