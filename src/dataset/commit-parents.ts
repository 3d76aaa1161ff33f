import type { CommitId } from '../contract/ids.ts'
import type { CommitRequest, NewCommit } from './commits.ts'

/** The parents of a request's `i`th commit: numbers of others in it, or the commit below them all. None for a root. */
export function parentsOf(
  { parent: base }: CommitRequest,
  { parents }: NewCommit,
  i: number,
): readonly (CommitId | number)[] {
  return (parents ?? [i === 0 ? 'base' : i - 1])
    .map((parent) => (parent === 'base' ? base : parent))
    .filter((one) => one !== null)
}
