import type { HeldBack } from '../contract/scheduler.ts'
import type { BatchNote } from '../job/note.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for batches, and for jobs that wait here. */
export const batchWords = {
  'held-back': ({ cmd, why }) => `${cmd}; ${heldLong(why)}`,
  'held-given-up': () => 'it was not submitted yet: it never will be, and its outputs are free',
  'over-limit': (note) => overLimit(note),
  'bad-line': ({ problem }) => problem,
  'wait-in-batch': () =>
    'sbatch --wait would make all jobs behind it wait, too; leave it out, or schedule this job by itself',
} satisfies Words<BatchNote>

/** Why a job waits here, in a few words: for a table. */
export function heldShort(why: HeldBack): string {
  return why.kind === 'changed' ? `${why.path} has changed` : limitWords(why)
}

function heldLong(why: HeldBack): string {
  return why.kind === 'changed'
    ? `held, and not submitted: ${why.path} is not what it was when the job was scheduled. Put it back, or give the job up (\`waybill cancel\`) and schedule it again`
    : `held: the limit ${limitWords(why)} is used up; a later \`waybill jobs\` or \`waybill finish\` submits it`
}

function limitWords({ limit, of, most }: Extract<HeldBack, { kind: 'limit' }>): string {
  return `${limit}${most === null ? '' : ` ${most}`}${of === '' ? '' : ` of ${of}`}`
}

function overLimit({ tasks, highest, limit }: Extract<BatchNote, { kind: 'over-limit' }>): string {
  if (limit.kind === 'changed') return heldLong(limit)
  return limit.limit === 'MaxArraySize'
    ? `this cluster takes no array index above ${(limit.most ?? 1) - 1} (MaxArraySize), and this array goes up to ${highest ?? 0}; split it, and give its script an offset`
    : `${counted(tasks, 'task')} can never be queued: the limit is ${limitWords(limit)}; split the array`
}
