import type { Context } from '../../job/context.ts'
import { isHeld } from '../../job/lease.ts'
import { driveLease } from './runs.ts'

/** Whether nothing goes on here that a run would go on with, wait for, or watch: then to find all fresh is all there is to do. */
export function isIdle(context: Context): boolean {
  const { ledger, dataset } = context
  return (
    ledger.openWorktrees().length === 0 &&
    ledger.pendingMoves().length === 0 &&
    ledger.unendedRuns(dataset.root).length === 0 &&
    !isHeld(context, driveLease(context))
  )
}
