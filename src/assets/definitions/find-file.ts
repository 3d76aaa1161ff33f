import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'

/** The names that a file of definitions may have. */
export const definitionFiles = ['waybill.yaml', 'waybill.config.ts'] as const

/** Why there are no definitions to read. */
export type FindFailure =
  | { readonly kind: 'no-definitions'; readonly from: string; readonly root: string }
  | { readonly kind: 'two-definitions'; readonly folder: string }

/** The file of definitions in a folder or the nearest above it, up to the dataset's root. Both paths are absolute and real. */
export function findDefinitions(from: string, root: string): Fallible<string, FindFailure> {
  for (let folder = from; ; folder = dirname(folder)) {
    const [found, second] = definitionFiles.map((name) => join(folder, name)).filter(isFile)
    if (second !== undefined) return fail({ kind: 'two-definitions', folder })
    if (found !== undefined) return ok(found)
    if (folder === root || folder === dirname(folder)) return fail({ kind: 'no-definitions', from, root })
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
