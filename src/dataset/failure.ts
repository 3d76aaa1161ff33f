import type { CommitId } from '../contract/ids.ts'

/** What can stand in the way of work in a repository: a closed union of facts, put into words elsewhere. */
export type DatasetFailure =
  | { readonly kind: 'missing-program'; readonly program: string; readonly message: string }
  | { readonly kind: 'no-such-directory'; readonly directory: string }
  /** It does not know the options we need. */
  | { readonly kind: 'git-too-old' }
  | { readonly kind: 'not-a-repository'; readonly directory: string }
  | { readonly kind: 'bare-repository'; readonly gitDir: string }
  /** The directory is `.git` itself or lies in it: there is no work tree here. */
  | { readonly kind: 'no-work-tree'; readonly directory: string }
  /** git refuses a repository of another user; `safe.directory` is the way on. */
  | { readonly kind: 'dubious-ownership'; readonly directory: string; readonly message: string }
  /** Permission denied, or a read-only file system. `path` where it is known. */
  | { readonly kind: 'no-permission'; readonly path: string | null; readonly message: string }
  /** No space, or a quota is used up. */
  | { readonly kind: 'disk-full'; readonly message: string }
  /** git cannot say who the author or committer is. */
  | { readonly kind: 'no-identity'; readonly message: string }
  /** Another process (or one that died) holds git's lock of the index. */
  | { readonly kind: 'index-locked'; readonly lock: string; readonly ageSeconds: number }
  /** HEAD is not where the work began: nothing was moved. */
  | {
      readonly kind: 'branch-moved'
      readonly expected: { readonly ref: string | null; readonly commit: CommitId | null }
      readonly found: { readonly ref: string | null; readonly commit: CommitId | null }
    }
  | { readonly kind: 'adjusted-branch'; readonly branch: string; readonly basis: string }
  /** A merge, rebase and so on waits to be finished or aborted by the user. */
  | { readonly kind: 'in-progress'; readonly what: InProgress }
  | { readonly kind: 'no-such-revision'; readonly revision: string; readonly message: string }
  | { readonly kind: 'signing-failed'; readonly message: string }
  /** One of them may have been made by somebody else meanwhile. Nothing was changed. */
  | { readonly kind: 'branches-not-made'; readonly message: string }
  | PathFailure
  /** git or git-annex ended in a way that is not foreseen: its own words. */
  | {
      readonly kind: 'git-failed'
      readonly operation: string
      readonly code: number | null
      readonly signal: string | null
      readonly message: string
    }

/** Why a path cannot be used in this repository. `path` is as the user wrote it. */
export type PathFailure =
  | {
      readonly kind: 'outside-repository'
      readonly path: string
      readonly resolved: string
      readonly root: string
    }
  | { readonly kind: 'inside-git-directory'; readonly path: string }
  /** A symlink within the repository, on the way to the path, leads out of it. */
  | { readonly kind: 'symlink-leaves'; readonly path: string; readonly link: string; readonly target: string }
  /** The path lies in (or is) a repository below this one that is no submodule; `submodule` is its root, relative to ours. */
  | { readonly kind: 'inside-submodule'; readonly path: string; readonly submodule: string }
  /** The path lies in (or is) a submodule that is not checked out here; `submodule` is its path, relative to our root. */
  | { readonly kind: 'subdataset-not-installed'; readonly path: string; readonly submodule: string }
  | { readonly kind: 'not-utf8'; readonly path: string }
  | {
      readonly kind: 'bad-path'
      readonly path: string
      readonly why: 'empty' | 'nul' | 'too-long' | 'parent-after-wildcard'
    }

/** A piece of work of the user's that git remembers between commands. */
export type InProgress = 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect'

/** Reads what git or git-annex printed (in the C locale) or the system said into a failure that has a name. */
export function classify(
  operation: string,
  ended: { readonly code: number | null; readonly signal: string | null; readonly message: string },
): DatasetFailure {
  const { message } = ended
  if (/'annex' is not a git command|cannot exec 'git-annex'/.test(message)) {
    return { kind: 'missing-program', program: 'git-annex', message }
  }
  if (
    /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT|not enough free space|Out of diskspace|disk is full/.test(
      message,
    )
  ) {
    return { kind: 'disk-full', message }
  }
  const dubious = /dubious ownership in repository at '(.*)'/s.exec(message)
  if (dubious) return { kind: 'dubious-ownership', directory: dubious[1] ?? '', message }
  if (
    /(Author|Committer) identity unknown|empty ident name|unable to auto-detect email|no email was given|no name was given/.test(
      message,
    )
  ) {
    return { kind: 'no-identity', message }
  }
  if (
    /Permission denied|permission denied|Read-only file system|insufficient permission|EACCES|EROFS|EPERM/.test(
      message,
    )
  ) {
    return { kind: 'no-permission', path: null, message }
  }
  return { kind: 'git-failed', operation, ...ended }
}

/** The same for an exception of `node:fs`; one that says nothing about disk or permission is a bug and thrown again. */
export function fromSystem(operation: string, error: unknown): DatasetFailure {
  const failure = classify(operation, { code: null, signal: null, message: (error as Error).message })
  if (failure.kind === 'git-failed') throw error
  const { dest, path } = error as NodeJS.ErrnoException & { readonly dest?: string }
  return failure.kind === 'no-permission' && path !== undefined ? { ...failure, path: dest ?? path } : failure
}
