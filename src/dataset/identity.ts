import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/** Who commits, as `git commit` would say: `Name <mail>`, without the time. */
export interface Identity {
  readonly author: string
  readonly committer: string
}

/**
 * Asks git who author and committer are (GIT_AUTHOR_*, user.name, user.email and so on). Fails with `no-identity` before
 * any work has begun, in the cases where `git commit` would fail too.
 */
export async function readIdentity(dataset: Dataset): Promise<Fallible<Identity, DatasetFailure>> {
  const [author, committer] = await Promise.all([
    git(dataset, ['var', 'GIT_AUTHOR_IDENT']),
    git(dataset, ['var', 'GIT_COMMITTER_IDENT']),
  ])
  if (!author.ok) return author
  if (!committer.ok) return committer
  return ok({ author: withoutTime(author.value.stdout), committer: withoutTime(committer.value.stdout) })
}

/** `Name <mail> 1700000000 +0100`, as git-var(1) prints it. */
function withoutTime(ident: Buffer): string {
  return ident
    .toString('utf8')
    .trimEnd()
    .replace(/ -?\d+ [+-]\d{4}$/, '')
}
