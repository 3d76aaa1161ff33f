import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileStatus } from '../dataset/file-status.ts'
import type { Asset } from './definitions/definitions.ts'
import type { KeySpace } from './definitions/key-space.ts'
import { fillTemplate } from './definitions/template.ts'

/** From this many outputs on a folder is listed at once instead of asked for each. */
const many = 16

/**
 * Tells the first declared output of a key that is not in the work tree; null: all are there. Links count whatever they lead
 * to: annexed content can be fetched. Outputs that are patterns may name nothing.
 */
export function missingOutputs(
  root: string,
  assets: Iterable<readonly [Asset, KeySpace]>,
): (asset: Asset, space: KeySpace) => (index: number) => string | null {
  const wanted = new Map<string, number>()
  for (const [{ outputs }, { count }] of assets) {
    for (const { text } of outputs) wanted.set(dirname(text), (wanted.get(dirname(text)) ?? 0) + count)
  }
  const listed = new Map<string, ReadonlySet<string>>()
  const namesIn = (folder: string): ReadonlySet<string> => {
    const known = listed.get(folder) ?? new Set(read(join(root, folder)))
    listed.set(folder, known)
    return known
  }
  return ({ outputs, partitions }, space) => {
    const fixed = outputs.filter(
      ({ parts }) => !parts.some((part) => typeof part === 'string' && /[*?[]/.test(part)),
    )
    return (index) => {
      const values = partitions === null ? {} : space.at(index).values
      for (const template of fixed) {
        const path = fillTemplate(template, values)
        const folder = dirname(path)
        const isFolderOfMany = (wanted.get(folder) ?? 0) >= many
        const name = path.slice(path.lastIndexOf('/') + 1)
        if (isFolderOfMany ? !namesIn(folder).has(name) : fileStatus(join(root, path)) === undefined)
          return path
      }
      return null
    }
  }
}

function read(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
