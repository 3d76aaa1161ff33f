import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { readHead } from '../../dataset/head.ts'
import { readLog, type LoggedCommit } from '../../dataset/log.ts'
import { readMessage } from '../../provenance/message.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'

/** Early datalad-slurm's pairs: a commit when a job was submitted, another with what it made. */
export interface OldPairs {
  /** By the commit of the submission; one that is missing is still open. */
  readonly finishOf: ReadonlyMap<CommitId, LoggedCommit>
  /** By the commit with the results. */
  readonly scheduleOf: ReadonlyMap<CommitId, CommitId>
}

/** Whether a message is a commit of such a pair. */
export function isOldPair(message: string): boolean {
  return /^\[DATALAD (SCHEDULE|RESCHEDULE|FINISH)\] /.test(message)
}

/** Finds the pairs in the histories of HEAD and of the given commit, by their Slurm job ids, which may come again: the nearest later one counts. */
export async function readOldPairs(context: Context, tip: CommitId): Promise<Fallible<OldPairs, Note>> {
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  const logged = await readLog(context.dataset, {
    revisions: [...new Set([tip, head.value.commit ?? tip])],
    order: 'oldest-first',
    containing: ['[DATALAD SCHEDULE] ', '[DATALAD RESCHEDULE] ', '[DATALAD FINISH] '],
  })
  if (!logged.ok) return logged
  const open = new Map<string, CommitId>()
  const finishOf = new Map<CommitId, LoggedCommit>()
  const scheduleOf = new Map<CommitId, CommitId>()
  for (const commit of logged.value.filter(({ message }) => isOldPair(message))) {
    const id = oldJobId(commit.message)
    if (id === null) continue
    if (!commit.message.startsWith('[DATALAD FINISH]')) {
      open.set(id, commit.commit)
      continue
    }
    const submitted = open.get(id)
    if (submitted === undefined) continue
    open.delete(id)
    finishOf.set(submitted, commit)
    scheduleOf.set(commit.commit, submitted)
  }
  return ok({ finishOf, scheduleOf })
}

/** The Slurm job id that a commit of a pair speaks of: as its record has it, else as its title does. */
export function oldJobId(message: string): string | null {
  const read = readMessage(message)
  const recorded =
    read.ok && typeof read.value.record !== 'string' ? read.value.record.slurm_job_id : undefined
  return recorded === undefined ? (/ batch job (\d+)/.exec(message)?.[1] ?? null) : String(recorded)
}
