import type { CommitId } from '../contract/ids.ts'
import type { CommitRequest } from './commits.ts'

/** The parents of a request's `i`th commit: numbers of others in it, or the commit below them all. None for a root. */
export function parentsOf(request: CommitRequest, i: number): readonly (CommitId | number)[] {
  const parents = request.commits[i]?.parents ?? [i === 0 ? 'base' : i - 1]
  return parents.map((parent) => (parent === 'base' ? request.parent : parent)).filter((one) => one !== null)
}
