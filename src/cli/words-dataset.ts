import type { DatasetFailure } from '../dataset/failure.ts'
import { duration } from './quantities.ts'

/** Words for what can stand in the way in a repository: what it is, and the way on. */
export function datasetWords(failure: DatasetFailure): string {
  switch (failure.kind) {
    case 'missing-program':
      return `${failure.program} is not installed or not on PATH (${failure.message})`
    case 'no-such-directory':
      return `there is no directory ${failure.directory}`
    case 'not-a-repository':
      return `${failure.directory} is in no git repository; make one with \`git init\` (and \`git annex init\` for large files) or \`datalad create\`, or name one with -d`
    case 'bare-repository':
      return `${failure.gitDir} is a bare repository, which has no files to work on; use a clone of it`
    case 'no-work-tree':
      return `${failure.directory} lies inside .git; go to the files' side of the repository`
    case 'dubious-ownership':
      return `git does not trust ${failure.directory}, which belongs to another user; if you do, run \`git config --global --add safe.directory ${failure.directory}\``
    case 'no-permission':
      return failure.path === null
        ? `permission denied: ${failure.message.trim()}`
        : `permission denied for ${failure.path}: ${failure.message.trim()}`
    case 'disk-full':
      return `no space left, or a quota is used up; nothing was recorded and nothing is lost. Free some space and run the command again (${firstLine(failure.message)})`
    case 'no-identity':
      return 'git does not know who you are: set `git config --global user.name "…"` and `git config --global user.email …`'
    case 'index-locked':
      return `another git process holds ${failure.lock} (for ${duration(failure.ageSeconds)}); wait for it. If none is running, remove that file`
    case 'branch-moved':
      return 'the branch kept moving while the record was made; nothing was overwritten. Run the command again'
    case 'adjusted-branch':
      return `the branch ${shortRef(failure.branch)} is adjusted by git-annex, and a record here would not reach ${failure.basis}; \`git switch ${failure.basis}\` first`
    case 'in-progress':
      return `a ${failure.what} is in progress; complete or abort it first (\`git status\` tells how)`
    case 'no-such-revision':
      return `there is no commit ${failure.revision}`
    case 'signing-failed':
      return `commit.gpgsign is set, and signing failed: ${failure.message.trim()}`
    case 'outside-repository':
      return `${failure.path} lies outside the dataset ${failure.root}`
    case 'inside-git-directory':
      return `${failure.path} lies inside .git`
    case 'symlink-leaves':
      return `${failure.path} leads out of the dataset through the link ${failure.link} -> ${failure.target}`
    case 'inside-submodule':
      return `${failure.path} lies in the subdataset ${failure.submodule}; schedule the job there: \`waybill schedule -d ${failure.submodule} …\``
    case 'not-utf8':
      return `the name ${failure.path} is not valid UTF-8 and cannot stand in a record; rename it`
    case 'bad-path':
      return badPath(failure.path, failure.why)
    case 'git-failed':
      return `git ${failure.operation} failed (${failure.signal ?? `exit code ${failure.code}`}): ${failure.message.trim()}`
  }
}

function badPath(path: string, why: 'empty' | 'nul' | 'parent-after-wildcard'): string {
  switch (why) {
    case 'empty':
      return 'an empty path was given'
    case 'nul':
      return 'a path holds a NUL character'
    case 'parent-after-wildcard':
      return `${path}: ".." after a wildcard cannot be resolved before the files exist`
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}

function shortRef(ref: string): string {
  return ref.replace(/^refs\/heads\//, '')
}
