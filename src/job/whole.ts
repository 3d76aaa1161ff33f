import { ok, type Fallible } from '../contract/fallible.ts'
import { changedPaths } from '../dataset/changes.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import type { Context } from './context.ts'
import type { EndedJob } from './finish/ended.ts'
import type { Note } from './note.ts'

/** Fails, naming some of them, when there are changes that no commit holds. */
export async function checkSaved(context: Context): Promise<Fallible<null, Note>> {
  const changed = await changedPaths(context.dataset)
  if (!changed.ok) return changed
  const paths = changed.value
  return paths.length === 0 ? ok(null) : { ok: false, failure: { kind: 'unsaved-changes', paths } }
}

/** What has changed in the dataset, where one of the jobs declared no output; else nothing, at no cost. */
export async function changesOfAll(
  context: Context,
  jobs: readonly EndedJob[],
): Promise<Fallible<readonly string[], DatasetFailure>> {
  return jobs.some(({ job }) => job.spec.whole) ? changedPaths(context.dataset) : ok([])
}
