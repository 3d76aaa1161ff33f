import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import type { DatasetFailure, InProgress } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/** Where HEAD is. */
export interface Head {
  /** `refs/heads/main`, or null when detached. */
  readonly ref: string | null
  /** Null while the branch has no commit. */
  readonly commit: CommitId | null
  /** The branch that git-annex's adjusted branch stands for (`main` of `adjusted/main(unlocked)`), or null. */
  readonly adjusted: string | null
  readonly inProgress: InProgress | null
}

const full = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** Reads HEAD: mostly two small files, else one git process (packed refs, two with the reftable format). */
export async function readHead(dataset: Dataset): Promise<Fallible<Head, DatasetFailure>> {
  const text = readSmall(join(dataset.gitDir, 'HEAD')) ?? ''
  if (full.test(text)) return ok(describe(dataset, null, text as CommitId))
  let ref = /^ref: (refs\/.+)$/.exec(text)?.[1] ?? null
  if (ref === null || ref === 'refs/heads/.invalid') {
    const named = await git(dataset, ['symbolic-ref', '--quiet', 'HEAD'], { normal: [1] })
    if (!named.ok) return named
    ref = named.value.code === 0 ? named.value.stdout.toString('utf8').trim() : null
  }
  const loose = ref === null ? null : readSmall(join(dataset.commonDir, ref))
  if (loose !== null && full.test(loose)) return ok(describe(dataset, ref, loose as CommitId))
  const commit = await readRef(dataset, ref ?? 'HEAD')
  return commit.ok ? ok(describe(dataset, ref, commit.value)) : commit
}

/** The commit that a full ref name (or HEAD) stands at, or null when there is no such ref. */
export async function readRef(
  dataset: Dataset,
  ref: string,
): Promise<Fallible<CommitId | null, DatasetFailure>> {
  const found = await git(dataset, ['rev-parse', '--verify', '--quiet', '--end-of-options', ref], {
    normal: [1],
  })
  if (!found.ok) return found
  const id = found.value.stdout.toString('latin1').trim().split('\n').at(-1) ?? ''
  return ok(full.test(id) ? (id as CommitId) : null)
}

/** Fails where commits would do harm or be lost: a merge or the like in progress, or an adjusted branch. */
export function checkCommittable(head: Head): Fallible<Head, DatasetFailure> {
  if (head.inProgress !== null && head.inProgress !== 'bisect') {
    return fail({ kind: 'in-progress', what: head.inProgress })
  }
  if (head.adjusted !== null) {
    return fail({ kind: 'adjusted-branch', branch: head.ref ?? '', basis: head.adjusted })
  }
  return ok(head)
}

function describe(dataset: Dataset, ref: string | null, commit: CommitId | null): Head {
  const adjusted = ref === null ? null : (/^refs\/heads\/adjusted\/(.+)\([^()]*\)$/.exec(ref)?.[1] ?? null)
  return { ref, commit, adjusted, inProgress: inProgress(dataset) }
}

/** The files by which git itself remembers (wt-status.c). */
const traces: readonly (readonly [string, InProgress])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
]

function inProgress(dataset: Dataset): InProgress | null {
  return traces.find(([name]) => existsSync(join(dataset.gitDir, name)))?.[1] ?? null
}

function readSmall(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}
