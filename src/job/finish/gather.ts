import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId, JobId } from '../../contract/ids.ts'
import { checkCommittable, readHead } from '../../dataset/head.ts'
import { readCommitter } from '../../dataset/commits.ts'
import { listAcross } from '../../dataset/across.ts'
import { collect, type Collection } from './collect.ts'
import type { Context } from '../context.ts'
import type { Draft } from './draft.ts'
import type { EndFacts } from './ended.ts'
import { groundOf, stageOn, subdatasetsHolding, type Ground } from './ground.ts'
import { byPath, makeDraft, placeOwnFiles, scriptPaths, type Drafting, type Stored } from './make-draft.ts'
import type { Note } from '../note.ts'
import type { OpenLogs } from './open-logs.ts'
import { ownCommit, readPointers, type Pointer } from './pointers.ts'
import { blockedBy } from './record-below.ts'
import { inTurns, type Ended } from './turns.ts'

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
  /** Who commits: asked while files were stored. */
  readonly committer: ReturnType<typeof readCommitter>
}

/** What a look for records needs to know. */
export interface GatherWork extends Drafting {
  readonly branch: string
  readonly operation: string
  readonly logs: OpenLogs
}

/**
 * Looks at what the jobs have left and stores it in git and git-annex; no branch or index changes, and in the work tree
 * nothing but files of our own.
 */
export async function gather(
  context: Context,
  jobs: readonly Ended[],
  facts: () => Promise<EndFacts>,
  work: GatherWork,
): Promise<Fallible<Gathered, Note>> {
  const { branch, operation } = work
  const head = await readHead(context.dataset)
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
  const left = await collectAll(context, jobs, ground, work.logs)
  if (!left.ok) return left
  const committer = readCommitter(context.dataset)
  const stored = await storeAll(context, ground, left.value, work)
  if (!stored.ok) return stored
  const touched = [...left.value.of.values()].flatMap(({ subdatasets }) => subdatasets)
  const pointers = await readPointers(ground, touched)
  if (!pointers.ok) return pointers

  const known = await facts()
  const drafts: Draft[] = []
  for (const turn of inTurns(context, jobs)) {
    for (const ended of turn) {
      const { id } = ended.job
      const own = left.value.of.get(id)
      if (own === undefined) continue
      left.value.of.delete(id)
      const collection = { ...own, ended: { ...ended, ...known.get(id) } }
      const made = makeDraft(context, collection, stored.value, work)
      drafts.push(placeOwnFiles(context, withoutTrouble(recordedBelow(made, pointers.value), ground)))
    }
  }
  return ok({ operation, ref: branch, from, drafts, ground, pointers: pointers.value, committer })
}

/** What jobs left, by their numbers, and paths at which a tree may hold their scripts. */
interface AllLeft {
  readonly of: Map<JobId, Omit<Collection, 'ended'>>
  readonly scripts: ReadonlySet<string>
}

async function collectAll(
  context: Context,
  jobs: readonly Ended[],
  ground: Ground,
  logs: OpenLogs,
): Promise<Fallible<AllLeft, Note>> {
  const of: AllLeft['of'] = new Map()
  const scripts = new Set<string>()
  for (const turn of inTurns(context, jobs)) {
    const collected = await collect(context, turn, ground, logs())
    if (!collected.ok) return collected
    for (const { ended, ...left } of collected.value) of.set(ended.job.id, left)
    for (const path of scriptPaths(turn)) scripts.add(path)
  }
  return ok({ of, scripts })
}

/** Stores the files of all jobs. */
async function storeAll(
  context: Context,
  ground: Ground,
  { of, scripts }: AllLeft,
  { environments, operation }: GatherWork,
): Promise<Fallible<Stored, Note>> {
  const extra = [...environments.values()].flat()
  const paths = new Set(extra)
  for (const { files } of of.values()) for (const path of files) paths.add(path)
  context.progress({ kind: 'adding', files: paths.size, done: 0 })
  const [staged, listed] = await Promise.all([
    stageOn(ground, [...paths], operation),
    listAcross(ground.subdatasets, ground.commitAt, [...extra, ...scripts]),
  ])
  if (!staged.ok) return staged
  if (!listed.ok) return listed
  return ok({
    outcomes: byPath(staged.value),
    tree: new Map(listed.value.map((entry) => [entry.path, entry])),
  })
}

/** A job whose record stands in a subdataset already has its record here, too, whatever is left to commit. */
function recordedBelow(one: Draft, pointers: ReadonlyMap<string, Pointer>): Draft {
  const recorded = one.subdatasets.some((at) => ownCommit(pointers.get(at), one) !== null)
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
    const unseen = one.subdatasets.includes(at) && !isSeen(why)
    if (changed.includes(at) || unseen) return blockedBy(one, at, why)
  }
  return one
}

function isSeen({ kind }: Note): boolean {
  return kind === 'in-progress' || kind === 'adjusted-branch'
}
