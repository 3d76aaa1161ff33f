import type { Settings } from '../definitions/settings.ts'
import type { Piece } from './piece-settings.ts'
import { sbatchOptions } from './slurm-words.ts'

/** More keys make another array: what is asked and noted of one array at once stays small. */
const mostTasks = 10_000

/** Pieces that are one submission: of one asset, for the same time, with the same options of sbatch. */
export type Group = readonly [Piece, ...Piece[]]

/**
 * Puts pieces together that can be tasks of one array, in order; `largest` tells how many tasks the site takes at once with
 * such settings. At a local site each is a job of its own, which is recorded as soon as it ends.
 */
export function groupPieces(
  pieces: readonly Piece[],
  settingsFor: (piece: Piece) => Settings,
  largest: (settings: Settings) => number,
): readonly Group[] {
  const groups: [Piece, ...Piece[]][] = []
  const open = new Map<string, { readonly group: Piece[]; readonly most: number }>()
  // Most pieces have the same settings.
  const options = new Map<Settings, string>()
  for (const piece of pieces) {
    const { asset, site } = piece.view
    const settings = settingsFor(piece)
    const own = options.get(settings) ?? JSON.stringify(sbatchOptions(settings))
    options.set(settings, own)
    const alike = JSON.stringify([asset.name, piece.attempt, own])
    const before = open.get(alike)
    if (site.scheduler === 'slurm' && before !== undefined && before.group.length < before.most) {
      before.group.push(piece)
      continue
    }
    const group: [Piece] = [piece]
    groups.push(group)
    if (site.scheduler === 'slurm' && asset.partitions !== null)
      open.set(alike, { group, most: before?.most ?? Math.min(mostTasks, largest(settings)) })
  }
  return groups
}
