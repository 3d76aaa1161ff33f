import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { checkCommittable, readHead } from '../../dataset/head.ts'
import { listAcross } from '../../dataset/across.ts'
import { collect } from './collect.ts'
import type { Context } from '../context.ts'
import { byPath, draft, placeOwnFiles, scriptPaths, type Draft } from './draft.ts'
import type { EndedJob, EndFacts } from './ended.ts'
import type { Environments } from './environment-file.ts'
import type { FinishRequest } from './finish-request.ts'
import { groundOf, stageOn, subdatasetsHolding, type Ground } from './ground.ts'
import type { Note } from '../note.ts'
import type { OpenLogs } from './open-logs.ts'
import { ownCommit, readPointers, type Pointer } from './pointers.ts'
import { blockedBy } from './record-below.ts'

/** What is to be committed: a draft for each job, in order, on top of a commit of the branch that is checked out. */
export interface Gathered {
  readonly operation: string
  readonly ref: string
  /** Null on a branch without commits. */
  readonly from: CommitId | null
  /** Their changes may lie in subdatasets, until `recordBelow` has committed those there. */
  readonly drafts: readonly Draft[]
  readonly ground: Ground
  /** What points to the subdatasets that the jobs touched, by their paths. */
  readonly pointers: ReadonlyMap<string, Pointer>
}

/** Looks at what the jobs have left and stores it in git and git-annex; no branch, index or work tree file changes. */
export async function gather(
  context: Context,
  jobs: readonly EndedJob[],
  facts: Promise<EndFacts>,
  branch: string,
  environments: Environments,
  operation: string,
  request: FinishRequest,
  logs: OpenLogs,
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
  const ground = groundOf(context, head.value)
  const collected = await collect(context, jobs, ground, logs())
  if (!collected.ok) return collected
  const extra = [...environments.values()].flat()
  const paths = [...new Set([...collected.value.flatMap(({ files }) => files), ...extra])]
  context.progress({ kind: 'adding', files: paths.length, done: 0 })
  const [staged, listed] = await Promise.all([
    stageOn(ground, paths, operation),
    listAcross(ground.subdatasets, ground.commitAt, [...extra, ...scriptPaths(jobs)]),
  ])
  if (!staged.ok) return staged
  if (!listed.ok) return listed
  const outcomes = byPath(staged.value)
  const tree = new Map(listed.value.map((entry) => [entry.path, entry]))
  const touched = collected.value.flatMap(({ subdatasets }) => subdatasets)
  const pointers = await readPointers(
    ground,
    touched,
    jobs.map(({ job }) => job),
  )
  if (!pointers.ok) return pointers

  const known = await facts
  const drafts = collected.value
    .map((one) => ({ ...one, ended: { ...one.ended, ...known.get(one.ended.job.id) } }))
    .map((collection) => draft(context, collection, outcomes, tree, environments, request.message))
    .map((one) => recordedBelow(one, pointers.value))
    .map((one) => withoutTrouble(one, ground))
    .map((one) => placeOwnFiles(context, one))
  return ok({ operation, ref: branch, from, drafts, ground, pointers: pointers.value })
}

/** A job whose record stands in a subdataset already has its record here, too, whatever is left to commit. */
function recordedBelow(one: Draft, pointers: ReadonlyMap<string, Pointer>): Draft {
  const { ended, subdatasets } = one.collection
  const recorded = subdatasets.some((at) => ownCommit(pointers.get(at), ended.job) !== null)
  return one.kind === 'nothing' && recorded ? { ...one, kind: 'record' } : one
}

/** Nothing of a job is committed before all of it can be: a subdataset that takes no commit now blocks it. */
function withoutTrouble(one: Draft, { subdatasets, troubles }: Ground): Draft {
  if (troubles.size === 0) return one
  const changed = subdatasetsHolding(
    subdatasets,
    one.changes.map(({ path }) => path),
  )
  for (const [at, why] of troubles) {
    // Of one that cannot be looked at nobody knows what changed there.
    const unseen = one.collection.subdatasets.includes(at) && !isSeen(why)
    if (changed.includes(at) || unseen) return blockedBy(one, at, why)
  }
  return one
}

function isSeen({ kind }: Note): boolean {
  return kind === 'in-progress' || kind === 'adjusted-branch'
}
