import type { RunsNote } from '../job/note.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for runs of assets as a whole. */
export const runsWords = {
  'payload-said': ({ asset, key, level, words }) =>
    `${asset}${key === null ? '' : `[${key}]`}: ${level === null || level === 'INFO' ? '' : `${level}: `}${words}`,
  'run-begins': ({ run, pieces }) => `run ${run}: ${counted(pieces, 'piece')}`,
  'run-goes-on': ({ run }) => `run ${run} goes on`,
  'run-watched': ({ run, holder }) => `run ${run} is driven by ${holder}; this one watches`,
  'run-cancelled': ({ run }) =>
    `run ${run} was cancelled; \`waybill attach ${run}\` goes on with it all the same`,
  'no-such-run': ({ run }) => `there is no run ${run}; \`waybill runs\` lists them`,
  'run-elsewhere': ({ run, worktree }) => `run ${run} is of the worktree ${worktree}; go on with it there`,
  'run-over': ({ run, state }) => `run ${run} is over (${state})`,
  'run-cancel-asked': ({ run, open, driven }) =>
    `run ${run}${open === 0 ? '' : `, ${counted(open, 'open job')}`}: nothing more is submitted${open === 0 || driven ? '' : '; `waybill finish` records or closes what was'}`,
} satisfies Words<RunsNote>

/** What is said to a person who interrupts a run; null: it has not begun. */
export function runGoesOn(run: string | null): string {
  return run === null
    ? 'interrupted; nothing was submitted'
    : `interrupted. Jobs that were submitted go on; \`waybill attach ${run}\`, or the same command, goes on with them, and \`waybill finish\` records them`
}
