import { join } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import { readConfigFile } from './config-file.ts'
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
  const asked = identityOf(dataset)
  const [author, committer] = await Promise.all([asked.author, asked.committer])
  if (!author.ok) return author
  if (!committer.ok) return committer
  return ok({ author: withoutTime(author.value.stdout), committer: withoutTime(committer.value.stdout) })
}

function identityOf(dataset: Dataset): Readonly<Record<keyof Identity, ReturnType<typeof git>>> {
  return {
    author: git(dataset, ['var', 'GIT_AUTHOR_IDENT']),
    committer: git(dataset, ['var', 'GIT_COMMITTER_IDENT']),
  }
}

/**
 * Whether git knows who commits. Where a name and an address stand in a file that git reads for sure, it is not asked; only
 * git can tell that there is none.
 */
export async function checkIdentity(dataset: Dataset): Promise<Fallible<null, DatasetFailure>> {
  if (standsInFiles(dataset)) return ok(null)
  const { author, committer } = identityOf(dataset)
  const [one, other] = await Promise.all([author, committer])
  return one.ok ? (other.ok ? ok(null) : other) : one
}

function standsInFiles({ commonDir, env }: Dataset): boolean {
  // Settings that come by the environment may say anything.
  if (Object.keys(env).some((name) => /^(GIT_CONFIG|GIT_AUTHOR_|GIT_COMMITTER_|EMAIL$)/.test(name)))
    return false
  const home = env['HOME']
  const files = [join(commonDir, 'config'), ...(home === undefined ? [] : [join(home, '.gitconfig')])]
  const configs = files.map(readConfigFile)
  return (['user.name', 'user.email'] as const).every((key) => {
    const value = configs.map((config) => config.value(key)).find((one) => one !== null)
    return value !== undefined && /[\p{L}\p{N}]/u.test(value ?? '')
  })
}

/** `Name <mail> 1700000000 +0100`, as git-var(1) prints it. */
function withoutTime(ident: Buffer): string {
  return ident
    .toString('utf8')
    .trimEnd()
    .replace(/ -?\d+ [+-]\d{4}$/, '')
}
