import type { RunNote } from '../job/note.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** How many of the changed paths are named. */
const named = 3

/** Words for what `run` has to say. */
export const runWords = {
  // DataLad's own words, and the way on.
  'unsaved-changes': ({ paths }) =>
    `unsaved modifications present, cannot detect changes by command: ${paths.slice(0, named).join(', ')}${paths.length > named ? ` and ${counted(paths.length - named, 'other')}` : ''}. Save them (\`git annex add\` and \`git commit\`, or \`datalad save\`), or name the outputs with -o: then only those are recorded`,
  ran: ({ cmd }) => cmd,
  'run-failed': ({ cmd, exitCode, states, recorded }) =>
    `${cmd} [exit code ${exitCode}${states === null ? '' : `; ${states}`}]${recorded ? '' : '; nothing was saved, and its files are left as they are'}`,
} satisfies Words<RunNote>

/** What is said to a person who interrupts `run` while its job goes on. */
export function goesOn(job: string): string {
  return `job ${job} goes on. \`waybill finish ${job}\` records it when it has ended; \`waybill logs -f ${job}\` shows what it prints; \`waybill cancel ${job}\` ends it`
}

/** What is said to a person who has interrupted `schedule` while it submitted. */
export function interruptedSubmission(job: string): string {
  return `interrupted. \`waybill jobs\` shows what came of job ${job}; \`waybill cancel ${job}\` ends what it has submitted`
}
