/** Slurm's words for a job that is over (`sacct(1)`, JOB STATE CODES). PREEMPTED is one unless a newer attempt exists. */
const ends: ReadonlySet<string> = new Set([
  'COMPLETED',
  'FAILED',
  'TIMEOUT',
  'CANCELLED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'BOOT_FAIL',
  'DEADLINE',
  'REVOKED',
  'PREEMPTED',
])

/** Words for a job that has not started, or waits to start again. */
const waits: ReadonlySet<string> = new Set([
  'PENDING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'SPECIAL_EXIT',
  'RESV_DEL_HOLD',
])

/** Where a scheduler's word stands in a job's life. A word we do not know counts as running: not over. */
export function phaseOf(state: string): 'waiting' | 'running' | 'over' {
  if (ends.has(state)) return 'over'
  return waits.has(state) ? 'waiting' : 'running'
}
