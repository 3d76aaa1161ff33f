import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { SlurmFailure } from './failure.ts'
import type { QuerySettings } from './query.ts'
import type { JobRecord } from './scontrol.ts'
import { jobOf, showEach } from './show-jobs.ts'

/**
 * Asks the controller for records of jobs or tasks of one cluster. Whoever needs those of jobs that are over a moment after
 * another asked takes what that one was told.
 */
export type AskController = (
  settings: QuerySettings,
  ids: readonly string[],
  cluster: string | null,
) => Promise<Fallible<readonly JobRecord[], SlurmFailure>>

/** So many records are kept: they are large, and of more jobs one question more is the lighter one. */
const mostKept = 1_000

/** Keeps what was told to the one who asked last. */
export function controllerMemory(): AskController {
  let last = new Map<string, readonly JobRecord[]>()
  let asking: Promise<unknown> = Promise.resolve()
  const ask: AskController = async (settings, ids, cluster) => {
    const told: JobRecord[] = []
    const unknown: string[] = []
    const kept = new Map<string, readonly JobRecord[]>()
    for (const id of ids) {
      const records = last.get(keyOf(id, cluster))
      if (records === undefined) unknown.push(id)
      else {
        told.push(...records)
        kept.set(keyOf(id, cluster), records)
      }
    }
    last = kept
    if (unknown.length === 0) return ok(told)
    // Descriptions hold times as people read them, and everybody else can read these, too.
    const answer = await showEach({ ...settings, readableTimes: true }, unknown, cluster)
    if (!answer.ok) return answer
    const asked = new Set(unknown)
    for (const [id, records] of answer.value.length > mostKept ? [] : Map.groupBy(answer.value, jobOf))
      if (asked.has(id) && records.every(isOver)) kept.set(keyOf(id, cluster), records)
    return ok([...told, ...answer.value])
  }
  return async (...question) => {
    // Who asks while another does may want the same.
    const answer = asking.then(async () => ask(...question))
    asking = answer.catch(() => {})
    return answer
  }
}

function isOver(record: JobRecord): boolean {
  return phaseOf(record['JobState'] ?? '') === 'over'
}

/** A task's record is among those of its array. */
function keyOf(id: string, cluster: string | null): string {
  return `${cluster ?? ''} ${id.replace(/_.*/, '')}`
}
