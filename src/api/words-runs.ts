import type { Note, RunsNote } from '../job/note.ts'
import { heldShort } from './words-batch.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for runs of assets as a whole. */
export const runsWords = {
  'payload-said': ({ asset, key, level, words }) =>
    `${asset}${key === null ? '' : `[${key}]`}: ${level === null || level === 'INFO' ? '' : `${level}: `}${words}`,
  'run-begins': ({ run, pieces }) => `run ${run}: ${counted(pieces, 'piece')}`,
  'run-goes-on': ({ run }) => `run ${run} goes on`,
  'run-watched': ({ run, holder }) => `run ${run} is driven by ${holder}; this one watches`,
  'run-taken-over': ({ run }) => `run ${run}: another process took it over while this one slept`,
  'run-cancelled': ({ run }) =>
    `run ${run} was cancelled; \`waybill attach ${run}\` goes on with it all the same`,
  detached: ({ run, jobs }) =>
    `run ${run}: ${counted(jobs, 'job')} ${jobs === 1 ? 'is' : 'are'} in Slurm's hands; \`waybill finish\` records what has ended`,
  'detach-incomplete': ({ run }) =>
    `run ${run}: not all of it could be submitted, and nothing of it runs; \`waybill attach ${run}\` submits the rest, \`waybill cancel ${run}\` takes it back`,
  'detach-not-released': ({ run, words }) =>
    `run ${run} was submitted, and its first jobs are still held (${words}); \`waybill attach ${run}\` lets them go, \`waybill cancel ${run}\` takes them back`,
  'detach-unfinished': ({ run }) =>
    `run ${run} was being handed to Slurm when that was broken off, and its jobs are held; \`waybill attach ${run}\` completes it, \`waybill cancel ${run}\` takes it back`,
  'detach-refused': ({ asset, why, job }) =>
    `${asset} cannot be handed to Slurm: ${detachWords(why, job)}; without --detach it can be made`,
  'detach-limit': ({ asset, limit }) =>
    `${asset} cannot be handed to Slurm with all the others: ${heldShort(limit)}; without --detach jobs are submitted as there is room`,
  'never-run': ({ asset, upstream, job }) =>
    `${asset} was never run (job ${job}): ${upstream.length === 0 ? 'what it waited for' : upstream.join(', ')} failed; \`waybill materialize\` makes what is left`,
  'no-such-run': ({ run }) => `there is no run ${run}; \`waybill runs\` lists them`,
  'run-elsewhere': ({ run, worktree }) => `run ${run} is of the worktree ${worktree}; go on with it there`,
  'run-over': ({ run, state }) => `run ${run} is over (${state})`,
  'run-cancel-asked': ({ run, open, driven }) =>
    `run ${run}${open === 0 ? '' : `, ${counted(open, 'open job')}`}: nothing more is submitted${open === 0 || driven ? '' : '; `waybill finish` records or closes what was'}`,
} satisfies Words<RunsNote>

/** What is said to a person who interrupts a run; null: it has not begun. */
export function runGoesOn(run: string | null, detach = false): string {
  if (run === null) return 'interrupted; nothing was submitted'
  return detach
    ? `interrupted. What was submitted is held until the graph stands; \`waybill attach ${run}\` completes it, \`waybill cancel ${run}\` takes it back`
    : `interrupted. Jobs that were submitted go on; \`waybill attach ${run}\`, or the same command, goes on with them, and \`waybill finish\` records them`
}

function detachWords(why: (Note & { readonly kind: 'detach-refused' })['why'], job: string | null): string {
  switch (why) {
    case 'local-site':
      return 'it runs at a local site'
    case 'retry':
      return 'it may be tried again, and what waits for it would have to wait for that, too (retry)'
    case 'metric-check':
      return 'a check of it is blocking and looks at what accounting measured, which nobody would do'
    case 'external':
      return 'it is made of an external source, which would have to be observed when what it needs is there'
    case 'keys':
      return 'its keys need other keys upstream than Slurm can pair them with: arrays with the same keys, or all of them'
    case 'open-job':
      return `job ${job ?? ''} makes it already`
  }
}
