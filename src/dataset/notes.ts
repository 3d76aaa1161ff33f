import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

const ref = '--ref=refs/notes/waybill'

/**
 * Appends a paragraph to the note of a commit in `refs/notes/waybill`, unless it is there already. No branch, index or
 * work tree is touched. Another writer at the same time is waited out by trying again.
 */
export async function addNote(
  dataset: Dataset,
  commit: CommitId,
  text: string,
): Promise<Fallible<null, DatasetFailure>> {
  const before = await readNote(dataset, commit)
  if (!before.ok) return before
  if (before.value?.includes(text.trim())) return ok(null)
  for (let tries = 1; ; tries++) {
    const added = await git(dataset, ['notes', ref, 'append', '-F', '-', commit], { input: text })
    if (added.ok) return ok(null)
    const raced =
      added.failure.kind === 'git-failed' &&
      /update ref|lock ref|Unable to create/.test(added.failure.message)
    if (!raced || tries === 5) return added
  }
}

/** The note of a commit in `refs/notes/waybill`, or null. */
export async function readNote(
  dataset: Dataset,
  commit: CommitId,
): Promise<Fallible<string | null, DatasetFailure>> {
  const shown = await git(dataset, ['notes', ref, 'show', commit], { normal: [1] })
  if (!shown.ok) return shown
  return ok(shown.value.code === 0 ? shown.value.stdout.toString('utf8') : null)
}
