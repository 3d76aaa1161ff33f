import { readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { EpochSeconds } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { CancelOutcome, JobReference } from '../contract/scheduler.ts'
import { jobFolder } from './layout.ts'
import { endTasks } from './pump.ts'
import type { Pump } from './pump.ts'
import { readDescription, rowsOf } from './rows.ts'
import { writeDurably } from './submission.ts'

/**
 * Cancels what is not over of a job: tasks that wait never start, tasks that run get SIGTERM now and SIGKILL after the
 * grace. Returns when the signals are sent. A job that has started on another host can only be cancelled there.
 */
export async function cancelJob(
  pump: Pump,
  reference: JobReference,
  now: EpochSeconds,
  graceSeconds: number,
): Promise<CancelOutcome> {
  const job = jobFolder(reference.folder)
  try {
    const rows = rowsOf(reference, now)
    if (rows.length === 0)
      return { kind: 'failed', message: `${reference.id} is not known to the embedded scheduler` }
    const open = rows.filter((row) => phaseOf(row.state) !== 'over')
    if (open.length === 0) return { kind: 'already-over' }
    if (open.every((row) => row.state === 'LOST'))
      return { kind: 'failed', message: `nothing is left of ${reference.id} that could be cancelled` }
    const host = readDescription(job)?.host
    if (host !== undefined && host !== hostname())
      return { kind: 'failed', message: `${reference.id} belongs to the host ${host}: cancel it there` }
    writeDurably(join(job, 'cancel'), `${now}\n`)
    // A payload that is not there yet finds that file by itself, and many jobs may only have waited.
    if (!readdirSync(join(job, 't')).some((name) => name.endsWith('.payload'))) return { kind: 'asked' }
  } catch (error) {
    return { kind: 'failed', message: String(error) }
  }
  const trouble = await endTasks(pump, job, graceSeconds)
  return trouble === null ? { kind: 'asked' } : { kind: 'failed', message: trouble }
}
