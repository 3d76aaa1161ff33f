import type { CommitChange, NewCommit } from '../../dataset/commits.ts'
import type { StagedFile } from '../../dataset/stage.ts'
import type { Job } from '../context.ts'
import type { Kept } from './aside.ts'
import type { Collection } from './collect.ts'
import type { ArrayPart } from './ended.ts'
import type { Report } from '../report.ts'
import type { JobLabel } from '../select.ts'

/** A job's commit before it is written, without what is not needed for that any more. */
export interface Draft {
  readonly job: JobLabel & Pick<Job, 'token'>
  /** It declared no output: all that changed is recorded. */
  readonly whole: boolean
  readonly part: Pick<ArrayPart, 'tasks' | 'keepsOpen'> | null
  readonly subdatasets: Collection['subdatasets']
  readonly text: Kept
  readonly changes: readonly CommitChange[]
  /**
   * `nothing`: a command that ran here and changed nothing needs no commit, as with DataLad; a Slurm job and an asset always
   * have their record. `blocked`: something it made cannot be stored now; the job stays open so that nothing goes missing unseen.
   */
  readonly kind: 'record' | 'nothing' | 'blocked'
  /** Of what it left: to be told where it is recorded. */
  readonly added: readonly StagedFile[]
  readonly deleted: readonly string[]
  readonly reports: readonly Report[]
  /** What there is to say once its commit stands. */
  readonly after: readonly Report[]
}

/** What there is to say of what a job left. */
export function* reportsOf({ kind, added, deleted, reports }: Draft): Generator<Report> {
  if (kind !== 'blocked') {
    const about = { status: 'ok', type: 'file' } as const
    for (const { path, key } of added)
      yield { action: 'add', ...about, path, ...(key === null ? {} : { facts: { key } }) }
    for (const path of deleted) yield { action: 'delete', ...about, path }
  }
  yield* reports
}

/** A draft that must wait, and why: what was to be recorded is not told. */
export function blocked(one: Draft, why: Report): Draft {
  const said = one.reports.filter(({ action, status }) => status !== 'ok' || action === 'log')
  return { ...one, kind: 'blocked', reports: [...said, why] }
}

/** What a draft commits. */
export function newCommit({ text, changes }: Draft): NewCommit {
  return { message: text().toString(), changes }
}

/** The commits of drafts, each made when it is asked for. */
export function newCommits(
  drafts: readonly Draft[],
  make: (one: Draft) => NewCommit = newCommit,
): Iterable<NewCommit> {
  return {
    *[Symbol.iterator]() {
      for (const one of drafts) yield make(one)
    },
  }
}
