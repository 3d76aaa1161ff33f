import { readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileStatus } from '../dataset/file-status.ts'
import type { Asset } from './definitions/definitions.ts'
import type { KeySpace } from './definitions/key-space.ts'
import { fillTemplate, parseTemplate, type Template } from './definitions/template.ts'

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
    const places = asset.outputs.filter((one) => !isPattern(one)).map(placeOf)
    const valuesOf = valuesAt(asset, space)
    return (index) => {
      const values = valuesOf(index)
      for (const { template, folder, name } of places) {
        const isThere =
          folder !== null && (wanted.get(folder) ?? 0) >= many
            ? namesIn(folder).has(fillTemplate(name, values))
            : fileStatus(join(root, fillTemplate(template, values))) !== undefined
        if (!isThere) return fillTemplate(template, values)
      }
      return null
    }
  }
}

interface Place {
  readonly template: Template
  /** Null where it depends on the key. */
  readonly folder: string | null
  readonly name: Template
}

function placeOf(template: Template): Place {
  const folder = parseTemplate(posix.dirname(template.text))
  const isFixed = folder.parts.every((part) => typeof part === 'string')
  return {
    template,
    folder: isFixed ? fillTemplate(folder, {}) : null,
    name: parseTemplate(posix.basename(template.text)),
  }
}

/** What a key gives each dimension: of one listed dimension without making the key. */
function valuesAt(
  { partitions }: Asset,
  space: KeySpace,
): (index: number) => Readonly<Record<string, string>> {
  if (partitions === null) return () => ({})
  const [[name, keys] = ['', null]] = partitions
  if (partitions.size > 1 || keys?.kind !== 'list') return (index) => space.at(index).values
  return (index) => ({ [name]: keys.keys[index] ?? '' })
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
