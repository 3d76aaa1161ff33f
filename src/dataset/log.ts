import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId, EpochSeconds } from '../contract/ids.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/** A commit of the history. */
export interface LoggedCommit {
  readonly commit: CommitId
  readonly parents: readonly CommitId[]
  readonly message: string
  /** By whom, as the mailmap has it. */
  readonly author: string
  readonly committed: EpochSeconds
  /** Its note in `refs/notes/waybill`, where notes were asked for and it has one. */
  readonly note?: string
}

/** Which commits are wanted. */
export interface LogRequest {
  /** What `git log` understands: commits, `a..b`, `^a`; taken from `resolveRevision` or our own, not from the user's words. */
  readonly revisions: readonly string[]
  /** `oldest-first`: never a commit before its parents. */
  readonly order: 'newest-first' | 'oldest-first'
  /** Only commits whose message holds this text, or one of these. git itself looks: the others are not even printed. */
  readonly containing?: string | readonly string[]
  /** Only commits that changed one of these paths (`.`: any). */
  readonly paths?: readonly string[]
  /** At most so many, the newest ones. */
  readonly limit?: number
  readonly notes?: boolean
}

/** Reads commits by one git process, however many there are. */
export async function readLog(
  dataset: Dataset,
  request: LogRequest,
): Promise<Fallible<readonly LoggedCommit[], DatasetFailure>> {
  const texts = [request.containing ?? []].flat()
  const args = [
    'log',
    '-z',
    `--format=tformat:%H%x00%P%x00%aN%x00%ct%x00%B%x00${request.notes === true ? '%N' : ''}`,
    '--encoding=UTF-8',
    '--no-color',
    '--no-show-signature',
    request.notes === true ? '--notes=refs/notes/waybill' : '--no-notes',
    // By date alone a commit may come before its parent: clocks differ, and a second holds many commits.
    ...(request.order === 'oldest-first' ? ['--topo-order', '--reverse'] : []),
    ...(request.limit === undefined ? [] : [`--max-count=${request.limit}`]),
    ...(texts.length === 0 ? [] : ['--fixed-strings', ...texts.map((text) => `--grep=${text}`)]),
    ...request.revisions,
    '--',
    ...(request.paths ?? []),
  ]
  const read = await git(dataset, args, { literal: true })
  if (!read.ok) return read
  const fields = read.value.stdout.toString('utf8').split('\0')
  const commits: LoggedCommit[] = []
  for (let i = 0; i + 5 < fields.length; i += 6) {
    const [commit = '', parents = '', author = '', committed = '', message = '', note = ''] = fields.slice(
      i,
      i + 6,
    )
    commits.push({
      commit: commit as CommitId,
      parents: parents.split(' ').filter((id) => id !== '') as CommitId[],
      message,
      author,
      committed: Number(committed),
      ...(note === '' ? {} : { note }),
    })
  }
  return ok(commits)
}

/** The commit that a user's word for a revision names. */
export async function resolveRevision(
  dataset: Dataset,
  revision: string,
): Promise<Fallible<CommitId, DatasetFailure>> {
  const found = await git(dataset, ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`], {
    normal: [128],
  })
  if (!found.ok) return found
  if (found.value.code === 0)
    return ok((found.value.stdout.toString('latin1').trim().split('\n').at(-1) ?? '') as CommitId)
  return fail({ kind: 'no-such-revision', revision, message: found.value.stderr.trim() })
}
