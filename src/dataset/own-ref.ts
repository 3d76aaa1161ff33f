import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readRef } from './head.ts'
import type { Dataset } from './locate.ts'
import { operationRef } from './operation-ref.ts'

/**
 * Takes an operation's ref away for good: a git of a dead process that is still about to move something by it cannot any
 * more, since its transaction asks for that ref.
 */
export async function dropOwnRef(
  dataset: Dataset,
  operation: string,
): Promise<Fallible<null, DatasetFailure>> {
  const ref = operationRef(operation)
  for (let tries = 0; ; tries++) {
    const at = await readRef(dataset, ref)
    if (!at.ok) return at
    if (at.value === null) return ok(null)
    const dropped = await git(dataset, ['update-ref', '-d', ref, at.value])
    if (dropped.ok) return ok(null)
    if (tries === 3) return dropped
  }
}
