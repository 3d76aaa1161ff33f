import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { parentsOf } from './commit-parents.ts'
import { readSigning } from './config.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readIdentity, type Identity } from './identity.ts'
import type { Dataset } from './locate.ts'
import { operationRef } from './operation-ref.ts'
import { signCommits } from './sign-commits.ts'

/** What one commit does to one path. A content becomes a blob as it is, without filters; it is asked for when it is written. */
export type CommitChange =
  | { readonly path: string; readonly mode: string; readonly oid: string }
  | { readonly path: string; readonly mode: string; readonly content: () => Buffer }
  | { readonly path: string; readonly deleted: true }

/** A commit to be written. No changes: an empty commit. */
export interface NewCommit {
  readonly message: string
  /** What makes the tree of its first parent its own. */
  readonly changes: readonly CommitChange[]
  /** Numbers name commits of the same request, from 0; `base` is the request's `parent`. Unless told, the one before it. */
  readonly parents?: readonly ('base' | number)[]
}

/** A list of commits to be written. */
export interface CommitRequest {
  /** The commit below the first one, and wherever `base` stands; null for the first commit of a repository. */
  readonly parent: CommitId | null
  /** Each is asked for when its turn comes, and once more where commits are signed: of many none need be in memory. */
  readonly commits: Iterable<NewCommit>
  /** The last one ends up at `refs/waybill/<operation>`, which keeps it and what is below it from gc until `dropOperation`. */
  readonly operation: string
  /** Whole seconds and zone (`+0100`) for author and committer. */
  readonly when: { readonly seconds: number; readonly zone: string }
  /** What `readCommitter` says, asked before; absent: it is asked now. */
  readonly committer?: ReturnType<typeof readCommitter>
}

/** Who commits, and whether commits are signed. */
export interface Committer extends Identity {
  readonly signs: boolean
}

/** Asks git who commits, and whether commits are signed. Three git processes side by side: for this there is mostly time before. */
export async function readCommitter(dataset: Dataset): Promise<Fallible<Committer, DatasetFailure>> {
  const [identity, signing] = await Promise.all([readIdentity(dataset), readSigning(dataset)])
  if (!identity.ok) return identity
  return signing.ok ? ok({ ...identity.value, signs: signing.value }) : signing
}

/**
 * Writes commits, one upon the other unless they say otherwise, by one `git fast-import`, whatever their number and the
 * size of the repository, and returns their ids in order. No branch, index or work tree is touched. Author and committer
 * are those of `git commit`, and so is whether they are signed.
 */
export async function writeCommits(
  dataset: Dataset,
  request: CommitRequest,
): Promise<Fallible<readonly CommitId[], DatasetFailure>> {
  const asked = await (request.committer ?? readCommitter(dataset))
  if (!asked.ok) return asked
  const { author, committer, signs } = asked.value
  const now = `${Math.trunc(request.when.seconds)} ${request.when.zone}`
  const who = {
    author: `${author} ${now}`,
    committer: `${committer} ${now}`,
  }
  let wanted = 0
  const written = await git(dataset, ['fast-import', '--quiet', '--done', '--force', '--date-format=raw'], {
    input: stream(request, who, () => wanted++),
  })
  if (!written.ok) return written
  const ids = written.value.stdout.toString('latin1').split('\n').slice(0, -1) as CommitId[]
  if (ids.length !== wanted) {
    const message = written.value.stderr.trim()
    return fail({ kind: 'git-failed', operation: 'fast-import', code: 0, signal: null, message })
  }
  return signs ? signCommits(dataset, request, ids, { author, committer, now }) : ok(ids)
}

/** Lets go of an operation's commits: what no branch holds is left to gc. Nothing happens when they are gone already. */
export async function dropOperation(
  dataset: Dataset,
  operation: string,
): Promise<Fallible<null, DatasetFailure>> {
  const dropped = await git(dataset, ['update-ref', '-d', operationRef(operation)])
  return dropped.ok ? ok(null) : dropped
}

/** git-fast-import(1); `next` counts the commits from 0. `done` at the end is what tells a whole stream from one cut short. */
function* stream(
  request: CommitRequest,
  who: { readonly author: string; readonly committer: string },
  next: () => number,
): Generator<string | Buffer> {
  yield 'feature done\n'
  for (const commit of request.commits) {
    const i = next()
    const parents = parentsOf(request, commit, i)
    // What the ref holds, also from an earlier try, would become its parent.
    if (parents.length === 0) yield `reset ${operationRef(request.operation)}\n\n`
    yield `commit ${operationRef(request.operation)}\nmark :${i + 1}\nauthor ${who.author}\ncommitter ${who.committer}\n`
    yield* data(Buffer.from(commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`))
    for (const [nth, parent] of parents.entries()) {
      yield `${nth === 0 ? 'from' : 'merge'} ${typeof parent === 'number' ? `:${parent + 1}` : parent}\n`
    }
    // Deletions first: a directory may become a file of that name, and a file a directory.
    for (const change of commit.changes) if ('deleted' in change) yield `D ${quote(change.path)}\n`
    for (const change of commit.changes) {
      if ('oid' in change) yield `M ${change.mode} ${change.oid} ${quote(change.path)}\n`
      else if ('content' in change) {
        yield `M ${change.mode} inline ${quote(change.path)}\n`
        yield* data(change.content())
      }
    }
    yield `\nget-mark :${i + 1}\n`
  }
  yield 'done\n'
}

function* data(content: Buffer): Generator<string | Buffer> {
  yield `data ${content.length}\n`
  yield content
  yield '\n'
}

/** A path in C quotes, as fast-import reads them. */
function quote(path: string): string {
  return `"${path.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}
