import type { MaterializeNote } from '../job/note.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for assets while they are made. */
export const materializeWords = {
  'asset-submitted': (note) => pieceName(note),
  'asset-failed': ({ states, exception, again, ...piece }) =>
    `${pieceName(piece)} failed (${exception === null ? states : `${states}; ${exception}`}); ${again ? 'it is tried again' : 'nothing was saved, and its files are left as they are'}`,
  'asset-left-open': ({ job, ...piece }) =>
    `${pieceName(piece)}: job ${job} stays open; \`waybill finish ${job}\` tells why, and records it when it can`,
  'asset-incomplete': (note) =>
    `${pieceName(note)} ended well, but not all that it was to make is there; look at its log, and at its outputs in the definitions`,
  'asset-not-run': ({ asset, keys, upstream }) =>
    `${asset}${keys === 1 ? '' : ` (${counted(keys, 'key')})`} was not run: ${upstream.length === 0 ? 'something failed before; --keep-going runs what does not depend on it' : `${upstream.join(', ')} failed`}`,
} satisfies Words<MaterializeNote>

/** What is said to a person who interrupts `materialize`. */
export const materializeGoesOn =
  'interrupted. Jobs that were submitted go on; the same command goes on with them, and `waybill finish` records them'

function pieceName({
  asset,
  keys,
}: {
  readonly asset: string
  readonly keys: readonly string[] | null
}): string {
  if (keys === null) return asset
  if (keys.length <= 3) return `${asset} ${keys.join(', ')}`
  return `${asset} ${keys.slice(0, 2).join(', ')} and ${keys.length - 2} more keys`
}
