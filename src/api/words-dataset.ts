import type { Words } from './word-table.ts'
import { joinWords } from '../provenance/shell-words.ts'
import type { DatasetFailure } from '../dataset/failure.ts'
import { duration } from './quantities.ts'
import { shortRef } from './short-ref.ts'

/** Words for what can stand in the way in a repository: what it is, and the way on. */
export const datasetWords = {
  'missing-program': (failure) => `${failure.program} is not installed or not on PATH (${failure.message})`,
  'no-such-directory': (failure) => `there is no directory ${failure.directory}`,
  'git-too-old': () => 'git is older than 2.31, the oldest that works here; `waybill doctor` says more',
  'not-a-repository': (failure) =>
    `${failure.directory} is in no git repository; make one with \`git init\` (and \`git annex init\` for large files) or \`datalad create\`, or name one with -d`,
  'bare-repository': (failure) =>
    `${failure.gitDir} is a bare repository, which has no files to work on; use a clone of it`,
  'no-work-tree': (failure) =>
    `${failure.directory} lies inside .git; go to the files' side of the repository`,
  'dubious-ownership': (failure) =>
    `git does not trust ${failure.directory}, which belongs to another user; if you do, run \`git config --global --add safe.directory ${failure.directory}\``,
  'no-permission': (failure) =>
    failure.path === null
      ? `permission denied: ${failure.message.trim()}`
      : `permission denied for ${failure.path}: ${failure.message.trim()}`,
  'disk-full': (failure) =>
    `no space left, or a quota is used up; nothing was recorded and nothing is lost. Free some space and run the command again (${failure.message.trim()})`,
  'no-identity': () =>
    'git does not know who you are: set `git config --global user.name "…"` and `git config --global user.email …`',
  'index-locked': (failure) =>
    `another git process holds ${failure.lock} (for ${duration(failure.ageSeconds)}); wait for it. If none is running, remove that file`,
  'branch-moved': ({ expected, found }) =>
    expected.ref === found.ref
      ? 'the branch kept moving while the record was made; nothing was overwritten. Run the command again'
      : `${shortRef(found.ref ?? 'a detached HEAD')} was checked out while the record was made for ${shortRef(expected.ref ?? 'a detached HEAD')}; nothing was committed. Switch back and run the command again`,
  'adjusted-branch': (failure) =>
    `the branch ${shortRef(failure.branch)} is adjusted by git-annex, and a record here would not reach ${failure.basis}; \`git switch ${failure.basis}\` first`,
  'in-progress': (failure) =>
    `a ${failure.what} is in progress; complete or abort it first (\`git status\` tells how)`,
  'no-such-revision': (failure) => `there is no commit ${failure.revision}`,
  'signing-failed': (failure) => `commit.gpgsign is set, and signing failed: ${failure.message.trim()}`,
  'branches-not-made': (failure) => `git could not make the branches: ${failure.message.trim()}`,
  'outside-repository': (failure) => `${failure.path} lies outside the dataset ${failure.root}`,
  'inside-git-directory': (failure) => `${failure.path} lies inside .git`,
  'symlink-leaves': (failure) =>
    `${failure.path} leads out of the dataset through the link ${failure.link} -> ${failure.target}`,
  'inside-submodule': (failure) =>
    `${failure.path} lies in ${failure.submodule}, a repository of its own that is no submodule here: make it one (\`git submodule add\`, \`datalad save\`), or schedule the job there (\`waybill schedule -d ${failure.submodule} …\`)`,
  'subdataset-not-installed': (failure) =>
    `${failure.path} lies in the subdataset ${failure.submodule}, which is not checked out here: \`git submodule update --init -- ${joinWords([failure.submodule])}\` (or \`datalad get -n\`) gets it`,
  'not-utf8': (failure) =>
    `the name ${failure.path} is not valid UTF-8 and cannot stand in a record; rename it`,
  'bad-path': (failure) => badPath(failure.path, failure.why),
  'git-failed': (failure) =>
    `git ${failure.operation} failed (${failure.signal ?? `exit code ${failure.code}`}): ${failure.message.trim()}`,
} satisfies Words<DatasetFailure>

function badPath(path: string, why: (DatasetFailure & { kind: 'bad-path' })['why']): string {
  switch (why) {
    case 'empty':
      return 'an empty path was given'
    case 'nul':
      return 'a path holds a NUL character'
    case 'too-long':
      return `${path.slice(0, 40)}… is longer than a path can be`
    case 'parent-after-wildcard':
      return `${path}: ".." after a wildcard cannot be resolved before the files exist`
  }
}
