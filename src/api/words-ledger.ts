import type { LedgerFailure } from '../ledger/broken.ts'
import type { Words } from './word-table.ts'

/** Words for what is wrong with the ledger. */
export const ledgerWords = {
  'ledger-newer': (note) =>
    `the ledger ${note.path} was written by a newer Waybill (format ${note.version}, this one knows ${note.known}); use that version here`,
  'ledger-unreadable': (note) =>
    `the ledger ${note.path} cannot be read: ${note.detail}. Open jobs are known only to it: copy it aside before anything else, then try \`sqlite3 ledger.db .recover\``,
  'ledger-locked': (note) =>
    `the ledger ${note.path} is in use by another process for longer than expected; try again, and run \`waybill doctor\` if it stays so`,
  'ledger-full': (note) =>
    `no space left to write the ledger ${note.path}; nothing was changed. Free some space, or look at your quota, and run the command again`,
  'ledger-read-only': (note) =>
    `the ledger ${note.path} cannot be written: ${note.detail}. In a clone shared by a group, set core.sharedRepository and the group's permissions`,
} satisfies Words<LedgerFailure>
