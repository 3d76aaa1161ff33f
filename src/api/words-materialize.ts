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

function pieceName({ asset, key }: { readonly asset: string; readonly key: string | null }): string {
  return key === null ? asset : `${asset} ${key}`
}
