import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId, JobToken } from '../../contract/ids.ts'
import { pointerTo } from '../../dataset/across.ts'
import { readLog } from '../../dataset/log.ts'
import type { Draft } from './draft.ts'
import type { Ground } from './ground.ts'
import type { Note } from '../note.ts'

/** What the dataset above a subdataset knows of it, and what it does not know yet. */
export interface Pointer {
  /** The commit that the dataset above points to; null: none. */
  readonly commit: CommitId | null
  /** Where the subdataset itself stands. */
  readonly head: CommitId | null
  /** Records of the jobs in commits since: a finish was cut short between the two datasets. The newest of each job. */
  readonly recorded: ReadonlyMap<JobToken, CommitId>
}

/**
 * The commit that a job has in a subdataset already. What a command that declared nothing committed itself is its own,
 * too: it began with everything committed.
 */
export function ownCommit(
  pointer: Pointer | undefined,
  { job, whole }: Pick<Draft, 'job' | 'whole'>,
): CommitId | null {
  if (pointer === undefined) return null
  return pointer.recorded.get(job.token) ?? (whole && pointer.head !== pointer.commit ? pointer.head : null)
}

/** Reads where the datasets above point to; the history of one is read only when it has gone on since. */
export async function readPointers(
  ground: Ground,
  touched: Iterable<string>,
): Promise<Fallible<ReadonlyMap<string, Pointer>, Note>> {
  const pointers = new Map<string, Pointer>()
  for (const at of new Set(touched)) {
    const head = await ground.headAt(at)
    if (head === null) continue
    const pointer = await pointerTo(ground.subdatasets, ground.commitAt, at)
    if (!pointer.ok) return pointer
    const recorded =
      head.commit === null || head.commit === pointer.value
        ? new Map<JobToken, CommitId>()
        : await recordsSince(ground, at, head.commit, pointer.value)
    pointers.set(at, { commit: pointer.value, head: head.commit, recorded })
  }
  return ok(pointers)
}

async function recordsSince(
  ground: Ground,
  at: string,
  head: CommitId,
  since: CommitId | null,
): Promise<ReadonlyMap<JobToken, CommitId>> {
  const found = new Map<JobToken, CommitId>()
  const dataset = await ground.subdatasets.open(at)
  if (!dataset.ok) return found
  const request = { order: 'newest-first', containing: '"token": "' } as const
  const range = since === null ? [head] : [`${since}..${head}`]
  // The commit that is pointed to may never have been fetched.
  const ranged = await readLog(dataset.value, { ...request, revisions: range })
  const logged = ranged.ok ? ranged : await readLog(dataset.value, { ...request, revisions: [head] })
  for (const { commit, message } of logged.ok ? logged.value : [])
    for (const [, token = ''] of message.matchAll(/"token": "([^"]*)"/g))
      if (!found.has(token as JobToken)) found.set(token as JobToken, commit)
  return found
}
