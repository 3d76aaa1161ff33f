import { readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileStatus } from '../dataset/file-status.ts'
import type { Asset } from './definitions/definitions.ts'
import type { KeySpace } from './definitions/key-space.ts'
import { dimensionsOf, fillTemplate, parseTemplate, type Template } from './definitions/template.ts'

/** From this many outputs on a folder is listed at once instead of asked for each. */
const many = 16

/** Tells the first declared output of a key, by its place, that is not in the work tree; null: all are there. */
export type MissingOutput = (index: number) => string | null

/**
 * Tells for assets what of their outputs the work tree lacks. Links count whatever they lead to: annexed content can be
 * fetched. Outputs that are patterns may name nothing.
 */
export function missingOutputs(
  root: string,
  assets: Iterable<readonly [Asset, KeySpace]>,
): (asset: Asset, space: KeySpace) => MissingOutput {
  const wanted = new Map<string, number>()
  for (const [{ outputs }, { count }] of assets) {
    for (const { text } of outputs) {
      const folder = posix.dirname(text)
      wanted.set(folder, (wanted.get(folder) ?? 0) + count)
    }
  }
  const listed = new Map<string, ReadonlySet<string>>()
  const namesIn = (folder: string): ReadonlySet<string> => {
    const known = listed.get(folder) ?? new Set(read(join(root, folder)))
    listed.set(folder, known)
    return known
  }
  return (asset, space) => {
    const places = asset.outputs.filter((one) => !isPattern(one)).map((one) => placeOf(one, asset, space))
    return (index) => {
      for (const { pathOf, folder, nameOf } of places) {
        const isThere =
          folder !== null && (wanted.get(folder) ?? 0) >= many
            ? namesIn(folder).has(nameOf(index))
            : fileStatus(join(root, pathOf(index))) !== undefined
        if (!isThere) return pathOf(index)
      }
      return null
    }
  }
}

/** The folders in which the declared outputs of an asset are looked for, as long as they are no patterns. */
export function* outputFolders(asset: Asset, space: KeySpace): Generator<string> {
  for (const output of asset.outputs.filter((one) => !isPattern(one))) {
    const { folder, pathOf } = placeOf(output, asset, space)
    if (folder !== null) yield folder
    else for (let i = 0; i < space.count; i++) yield posix.dirname(pathOf(i))
  }
}

/** The text for the key at a place. */
type TextOf = (index: number) => string

interface Place {
  readonly pathOf: TextOf
  /** Null where it depends on the key. */
  readonly folder: string | null
  readonly nameOf: TextOf
}

function placeOf({ text }: Template, asset: Asset, space: KeySpace): Place {
  const folder = parseTemplate(posix.dirname(text))
  const fill = (part: string): TextOf => filler(parseTemplate(part), asset, space)
  return {
    pathOf: fill(text),
    folder: dimensionsOf(folder).size === 0 ? fillTemplate(folder, {}) : null,
    nameOf: fill(posix.basename(text)),
  }
}

/** Fills a template for many keys: those of one listed dimension are not made for it. */
function filler(template: Template, { partitions }: Asset, space: KeySpace): TextOf {
  const { parts, text } = template
  if (parts.length === 1 && parts[0] === text) return () => text
  const [[, keys] = ['', null]] = partitions ?? []
  if (partitions?.size !== 1 || keys?.kind !== 'list')
    return (index) => fillTemplate(template, partitions === null ? {} : space.at(index).values)
  return (index) => {
    let filled = ''
    for (const part of parts) filled += typeof part === 'string' ? part : (keys.keys[index] ?? '')
    return filled
  }
}

function isPattern({ parts }: Template): boolean {
  return parts.some((part) => typeof part === 'string' && /[*?[]/.test(part))
}

function read(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
