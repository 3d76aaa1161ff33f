import { basename, join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import { readConfigFile } from './config-file.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { locate, type Dataset } from './locate.ts'

/**
 * The dataset with git-annex ready for use. A fresh `git clone` of an annexed repository knows nothing of git-annex until
 * one of its commands runs; without it, large files would go into git. Initialises where git-annex itself would: a
 * branch of it is here and `annex.autoinit` does not forbid it.
 */
export async function withAnnex(dataset: Dataset): Promise<Fallible<Dataset, DatasetFailure>> {
  if (dataset.annex !== null) return ok(dataset)
  const branches = ['refs/heads/git-annex', 'refs/remotes/*/git-annex']
  const found = await git(dataset, ['for-each-ref', '--count=1', '--format=%(refname)', ...branches])
  if (!found.ok) return found
  const autoinit = readConfigFile(join(dataset.commonDir, 'config')).value('annex.autoinit')
  if (found.value.stdout.length === 0 || autoinit === 'false') return ok(dataset)
  // Without a description of ours git-annex publishes the user's and the host's name.
  const made = await git(dataset, ['annex', 'init', '--quiet', basename(dataset.root)])
  return made.ok ? locate(dataset.root, dataset.env) : made
}
