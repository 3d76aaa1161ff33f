import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { parentsOf } from './commit-parents.ts'
import type { CommitRequest } from './commits.ts'
import { operationRef } from './operation-ref.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Writes the same commits again with signatures (fast-import of git 2.39 knows none), by `git commit-tree -S`: the key and
 * the program are those of the user's configuration. Returns the new ids in order.
 */
export async function signCommits(
  dataset: Dataset,
  request: CommitRequest,
  unsigned: readonly CommitId[],
  who: { readonly author: string; readonly committer: string; readonly now: string },
): Promise<Fallible<readonly CommitId[], DatasetFailure>> {
  const env = {
    ...identityEnv('AUTHOR', who.author, who.now),
    ...identityEnv('COMMITTER', who.committer, who.now),
  }
  const signed: CommitId[] = []
  for (const commit of request.commits) {
    const i = signed.length
    const parents = parentsOf(request, commit, i).flatMap((parent) => [
      '-p',
      typeof parent === 'number' ? (signed[parent] ?? '') : parent,
    ])
    const made = await git(
      dataset,
      ['commit-tree', `${unsigned[i] ?? ''}^{tree}`, ...parents, '-S', '-F', '-'],
      {
        input: commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`,
        env: { ...dataset.env, ...env },
      },
    )
    if (!made.ok) {
      const { failure } = made
      return failure.kind === 'git-failed' ? fail({ kind: 'signing-failed', message: failure.message }) : made
    }
    signed.push(made.value.stdout.toString('latin1').trim() as CommitId)
  }
  const moved = await git(dataset, ['update-ref', operationRef(request.operation), signed.at(-1) ?? ''])
  return moved.ok ? ok(signed) : moved
}

function identityEnv(role: 'AUTHOR' | 'COMMITTER', ident: string, now: string): Record<string, string> {
  const match = /^(.*) <(.*)>$/s.exec(ident)
  return {
    [`GIT_${role}_NAME`]: match?.[1] ?? '',
    [`GIT_${role}_EMAIL`]: match?.[2] ?? '',
    [`GIT_${role}_DATE`]: now,
  }
}
