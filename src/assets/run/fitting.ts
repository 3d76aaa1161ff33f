import { arrayInWords } from '../../contract/array-spec.ts'
import type { Job } from '../../job/context.ts'
import type { Group } from './group-pieces.ts'
import { piecesOf } from './pieces-of-job.ts'
import type { Piece } from './piece-settings.ts'

/** More jobs of this machine than it can run would only wait, and be looked at each time. A turn must not use them all up. */
const localAtOnce = 400

/**
 * The pieces, in order, that may be submitted beside open jobs where there is `room` for so many at once; of this machine's jobs
 * a few hundred. Keys that go as an array are all among them: the array has a limit of its own.
 */
export function fitting(ready: readonly Piece[], open: readonly Job[], room: number): readonly Piece[] {
  let left = room
  let local = localAtOnce - open.filter(({ scheduler }) => scheduler === 'local').length
  return ready.filter(({ view: { site, asset } }) => {
    if (left <= 0) return false
    // Here each key is a job of its own.
    const isHere = site.scheduler === 'local'
    if (isHere && local <= 0) return false
    if (isHere || asset.partitions === null) left--
    if (isHere) local--
    return true
  })
}

/** A submission, with how many of its tasks may run at once; null: all of them. */
export interface Limited {
  readonly group: Group
  readonly atOnce: number | null
}

/** Those groups, in order, that there is room for. The last may be an array that is larger: it has what is left. */
export function limited(groups: readonly Group[], room: number): readonly Limited[] {
  const chosen: Limited[] = []
  let left = room
  for (const group of groups) {
    if (left <= 0) break
    chosen.push({ group, atOnce: group.length > left ? left : null })
    left -= group.length
  }
  return chosen
}

/** How many jobs and tasks may run at once of what is open. */
export function atOnceOf(open: readonly Job[]): number {
  return open.reduce((sum, job) => {
    return sum + Math.min(piecesOf(job).length, arrayInWords(job.spec.words)?.limit ?? Infinity)
  }, 0)
}
