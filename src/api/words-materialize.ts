import type { MaterializeNote } from '../job/note.ts'
import { shellQuote } from '../contract/shell-quote.ts'
import { pieceName } from './piece-name.ts'
import { counted } from './quantities.ts'
import { checkWords } from './words-checks.ts'
import type { Words } from './word-table.ts'

/** Words for assets while they are made. */
export const materializeWords = {
  'asset-submitted': ({ asset, keys }) => pieceName(asset, keys),
  'asset-failed': ({ asset, keys, states, exception, again }) =>
    `${pieceName(asset, keys)} failed (${exception === null ? states : `${states}; ${exception}`}); ${again ? 'it is tried again' : `nothing was saved, and its files are left as they are; ${logWords(asset, keys)}`}`,
  'asset-failed-before': ({ asset, keys }) =>
    `${pieceName(asset, keys)} had failed before, and this run does not try it again; ${logWords(asset, keys)}, and \`waybill materialize\` makes what is left`,
  'asset-left-open': ({ asset, keys, job }) =>
    `${pieceName(asset, keys)}: job ${job} stays open; \`waybill finish ${job}\` tells why, and records it when it can`,
  'asset-incomplete': ({ asset, keys }) =>
    `${pieceName(asset, keys)} ended well, but not all that it was to make is there; look at its log, and at its outputs in the definitions`,
  'asset-not-run': ({ asset, keys, upstream }) =>
    `${asset}${keys === 1 ? '' : ` (${counted(keys, 'key')})`} was not run: ${upstream.length === 0 ? 'something failed before; --keep-going runs what does not depend on it' : `${upstream.join(', ')} failed`}`,
  ...checkWords,
} satisfies Words<MaterializeNote>

/** How to see the log of a piece; of several, that of the first. */
function logWords(asset: string, keys: readonly string[] | null): string {
  const [first] = keys ?? []
  const name = first === undefined ? asset : `${asset}:${first}`
  return `\`waybill logs ${/^[\w@%+=:,./-]+$/.test(name) ? name : shellQuote(name)}\` shows its log`
}
