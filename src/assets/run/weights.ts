import type { Capacity } from '../../contract/scheduler.ts'
import type { Context } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import type { Overrides } from '../definitions/definitions.ts'
import { lacksHere } from '../definitions/machine-fit.ts'
import type { Settings } from '../definitions/settings.ts'
import { settingsOfPieces, type Piece } from './piece-settings.ts'

/** What a job of these settings takes of this machine; null: one CPU, as any other local job. */
export function weightOf({ resources: { cpus, memory, gpus } }: Settings): Capacity | null {
  if (cpus === undefined && memory === undefined && gpus === undefined) return null
  return { cpus: cpus?.value ?? 1, memory: memory?.value ?? 0, gpus: gpus?.value ?? 0 }
}

/** The first piece that asks for more than this machine has, where it would run here; null: there is none. */
export function lackingHere(
  { schedulers }: Context,
  pieces: readonly Piece[],
  run: Partial<Overrides>,
): Note | null {
  const { capacity } = schedulers.local
  if (capacity === undefined) return null
  const settingsOf = settingsOfPieces(run)
  for (const piece of pieces) {
    const { asset, site, space } = piece.view
    if (site.scheduler !== 'local') continue
    const lacking = lacksHere(settingsOf(piece), capacity)
    const keys = asset.partitions === null ? null : [space.at(piece.index).text]
    if (lacking.length > 0) return { kind: 'asset-too-large', asset: asset.name, keys, lacking }
  }
  return null
}
