import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { checkCommittable, readHead } from '../dataset/head.ts'
import { stage } from '../dataset/stage.ts'
import { listTree } from '../dataset/tree.ts'
import { collect } from './collect.ts'
import type { Context } from './context.ts'
import { draft, placeOwnFiles, scriptPaths, type Draft } from './draft.ts'
import type { EndedJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Note } from './note.ts'

/** Where each job's description stands in the work tree; null for a job without one. */
export type Environments = ReadonlyMap<EndedJob, string | null>

/** What is to be committed: a draft for each job, in order, on top of a commit of the branch that is checked out. */
export interface Gathered {
  readonly operation: string
  readonly ref: string
  /** Null on a branch without commits. */
  readonly from: CommitId | null
  readonly drafts: readonly Draft[]
}

/** Looks at what the jobs have left and stores it in git and git-annex; no branch, index or work tree file changes. */
export async function gather(
  context: Context,
  jobs: readonly EndedJob[],
  branch: string,
  environments: Environments,
  operation: string,
  request: FinishRequest,
): Promise<Fallible<Gathered, Note>> {
  const { dataset } = context
  const head = await readHead(dataset)
  if (!head.ok) return head
  const committable = checkCommittable(head.value)
  if (!committable.ok) return committable
  const { ref, commit: from } = head.value
  if (ref !== branch) {
    return fail({
      kind: 'branch-moved',
      expected: { ref: branch, commit: from },
      found: { ref, commit: from },
    })
  }
  const collected = await collect(context, jobs, from)
  if (!collected.ok) return collected
  const extra = [...environments.values()].filter((path) => path !== null)
  const paths = [...new Set([...collected.value.flatMap(({ files }) => files), ...extra])]
  context.progress({ kind: 'adding', files: paths.length, done: 0 })
  const staged = await stage(dataset, { paths, operation, head: from, force: false })
  if (!staged.ok) return staged
  const known = await listTree(dataset, from, [...extra, ...scriptPaths(jobs)])
  if (!known.ok) return known
  const tree = new Map(known.value.map((entry) => [entry.path, entry]))

  const drafts = collected.value
    .map((collection) => draft(context, collection, staged.value, tree, environments, request.message))
    .map((one) => placeOwnFiles(context, one))
  return ok({ operation, ref: branch, from, drafts })
}
