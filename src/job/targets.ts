import type { RepositoryPath } from '../dataset/paths.ts'
import { isPattern } from '../ledger/path-pattern.ts'

/** Declared paths and patterns, as the ledger has them, in the words of whoever walks the work tree. */
export function targetsOf(paths: readonly string[]): readonly RepositoryPath[] {
  return paths.map((path) => ({ path, directory: false, pattern: isPattern(path) }))
}
