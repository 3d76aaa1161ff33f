import type { Job } from '../../job/context.ts'
import type { Piece } from './piece-settings.ts'

/** More jobs of this machine than it can run would only wait, and be looked at each time. A turn must not use them all up. */
const localAtOnce = 400

/**
 * The pieces, in order, that are to be submitted beside what open jobs make (`making` pieces): `most` at once, and of this
 * machine's jobs a few hundred.
 */
export function fitting(
  ready: readonly Piece[],
  open: readonly Job[],
  making: number,
  most: number | null,
): readonly Piece[] {
  let room = Math.max(0, (most ?? Infinity) - making)
  let local = localAtOnce - open.filter(({ scheduler }) => scheduler === 'local').length
  return ready.filter(({ view: { site, asset } }) => {
    if (room <= 0) return false
    // Keys of one asset are no more to look at than one job.
    const counts = site.scheduler === 'local' && asset.partitions === null
    if (counts && local <= 0) return false
    room--
    if (counts) local--
    return true
  })
}
