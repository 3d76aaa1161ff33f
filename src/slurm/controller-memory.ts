import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { EpochSeconds } from '../contract/ids.ts'
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

/** For so many seconds: a person may have a job run again that was over. */
const keptFor = 10

/** What was told of one job, all parts of it. */
interface Kept {
  readonly records: readonly JobRecord[]
  readonly at: EpochSeconds
}

/** Keeps for a moment what was told of jobs that are over. */
export function controllerMemory(now: () => EpochSeconds): AskController {
  const kept = new Map<string, Kept>()
  let asking: Promise<unknown> = Promise.resolve()
  const ask: AskController = async (settings, ids, cluster) => {
    const told: JobRecord[] = []
    const unknown: string[] = []
    const since = now() - keptFor
    for (const [key, { at }] of kept) if (at < since) kept.delete(key)
    for (const id of ids) {
      const known = kept.get(keyOf(id, cluster))
      if (known === undefined) unknown.push(id)
      else told.push(...known.records)
    }
    if (unknown.length === 0) return ok(told)
    const at = now()
    // Descriptions hold times as people read them, and everybody else can read these, too.
    const answer = await showEach({ ...settings, readableTimes: true }, unknown, cluster)
    if (!answer.ok) return answer
    const asked = new Set(unknown)
    let room = mostKept - [...kept.values()].reduce((sum, { records }) => sum + records.length, 0)
    for (const [id, records] of Map.groupBy(answer.value, jobOf)) {
      room -= records.length
      if (room < 0) break
      if (asked.has(id) && records.every(isOver)) kept.set(keyOf(id, cluster), { records, at })
    }
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
