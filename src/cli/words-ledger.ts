import type { Note } from '../job/note.ts'

/** Words for what is wrong with the ledger; null for notes about something else. */
export function ledgerWords(note: Note): string | null {
  switch (note.kind) {
    case 'ledger-newer':
      return `the ledger ${note.path} was written by a newer Waybill (format ${note.version}, this one knows ${note.known}); use that version here`
    case 'ledger-unreadable':
      return `the ledger ${note.path} cannot be read: ${note.detail}. Open jobs are known only to it: copy it aside before anything else, then try \`sqlite3 ledger.db .recover\``
    case 'ledger-locked':
      return `the ledger ${note.path} is in use by another process for longer than expected; try again, and run \`waybill doctor\` if it stays so`
    case 'ledger-full':
      return `no space left to write the ledger ${note.path}; nothing was changed. Free some space, or look at your quota, and run the command again`
    case 'ledger-read-only':
      return `the ledger ${note.path} cannot be written: ${note.detail}. In a clone shared by a group, set core.sharedRepository and the group's permissions`
    default:
      return null
  }
}
