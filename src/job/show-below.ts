import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { readHead } from '../dataset/head.ts'
import { readLog, type LoggedCommit } from '../dataset/log.ts'
import { below, within, type Subdatasets } from '../dataset/subdatasets.ts'
import { diffTrees, type Change } from '../dataset/tree.ts'
import type { Note } from './note.ts'

/** A commit with a record, and the dataset that holds it: its path, empty for the top one. */
export interface Holding {
  readonly at: string
  readonly logged: LoggedCommit
}

/**
 * The newest record of a path at or below which it changed something. In a subdataset it stands twice: the commit of the
 * highest dataset that points to it by the same record is given, since it repeats from there; else its own.
 */
export async function recordOfPath(
  subdatasets: Subdatasets,
  path: string,
): Promise<Fallible<Holding | null, Note>> {
  let at = subdatasets.holder(path)
  const own = await newestOf(subdatasets, at, path, null)
  if (!own.ok) return own
  if (own.value === null) return ok(null)
  let found: Holding = { at, logged: own.value }
  while (at !== '') {
    const pointer = at
    at = subdatasets.holder(at)
    const above = await newestOf(subdatasets, at, pointer, own.value.message)
    if (!above.ok) return above
    if (above.value === null) break
    found = { at, logged: above.value }
  }
  return ok(found)
}

/** What a commit changed; where it points elsewhere in a subdataset that is here, what changed there. Paths from the top. */
export async function changesOf(
  subdatasets: Subdatasets,
  at: string,
  from: CommitId | null,
  to: CommitId,
): Promise<Fallible<readonly Change[], Note>> {
  const dataset = await subdatasets.open(at)
  if (!dataset.ok) return dataset
  const changes = await diffTrees(dataset.value, from, to)
  if (!changes.ok) return changes
  const all: Change[] = []
  for (const change of changes.value) {
    const path = below(at, change.path)
    const [before, after] = [change.before?.oid, change.after?.oid]
    const points = change.before?.mode === '160000' && change.after?.mode === '160000'
    const deeper =
      points && subdatasets.isOne(path)
        ? await changesOf(subdatasets, path, before as CommitId, after as CommitId)
        : null
    // Commits that were never fetched: then the pointer is all that is known.
    if (deeper?.ok) all.push(...deeper.value)
    else all.push({ ...change, path })
  }
  return ok(all)
}

/** The newest commit with a record, or with that very message, that changed a path of one dataset. */
async function newestOf(
  subdatasets: Subdatasets,
  at: string,
  path: string,
  message: string | null,
): Promise<Fallible<LoggedCommit | null, Note>> {
  const dataset = await subdatasets.open(at)
  if (!dataset.ok) return dataset
  const head = await readHead(dataset.value)
  if (!head.ok) return head
  if (head.value.commit === null) return ok(null)
  const logged = await readLog(dataset.value, {
    revisions: [head.value.commit],
    order: 'newest-first',
    containing: '=== Do not change lines below ===',
    paths: [within(at, path)],
    ...(message === null ? { limit: 1 } : {}),
  })
  if (!logged.ok) return logged
  return ok(logged.value.find((one) => message === null || one.message === message) ?? null)
}
