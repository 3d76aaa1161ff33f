import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Which of these commits are `base` or come after it, by one git process; it costs what was committed since `base`. Commits
 * that the repository no longer has are not among them.
 */
export async function atOrAfter(
  dataset: Dataset,
  base: CommitId,
  commits: Iterable<CommitId>,
): Promise<Fallible<ReadonlySet<CommitId>, DatasetFailure>> {
  const asked = new Set(commits)
  const args = ['rev-list', '--ignore-missing', '--ancestry-path', '--stdin']
  const listed = await git(dataset, args, { input: `^${base}\n${[...asked].join('\n')}\n` })
  if (!listed.ok) return listed
  const between = new Set(listed.value.stdout.toString('latin1').split('\n'))
  return ok(new Set([...asked].filter((commit) => commit === base || between.has(commit))))
}
