import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { jobName } from '../../contract/ids.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { readHead } from '../../dataset/head.ts'
import { escapePattern, normalise } from '../../dataset/paths.ts'
import { cleanPlaced, inTheWay, placeFile, type PlacedFile } from '../../dataset/place-files.ts'
import { subdatasetsOf } from '../../dataset/subdatasets.ts'
import { listTree } from '../../dataset/tree.ts'
import { unchangedSinceIndexed } from '../../dataset/unchanged.ts'
import type { Context } from '../context.ts'
import { identify, inputFiles, isSame, treeIdentities } from '../inputs.ts'
import { withLease } from '../lease.ts'
import type { Note } from '../note.ts'
import { contentsOf } from './recorded-contents.ts'
import { recordedState, type RecordedFile } from './recorded-state.ts'
import type { Report } from '../report.ts'
import type { Repetition } from './repetition.ts'
import { calledName } from '../select.ts'
import type { InputIdentity } from '../spec.ts'

/** One process at a time puts files into place, up to the submission of the job that is to find them. */
const restoreLease = 'restore'

/**
 * Fails where two records need different contents of one path: the jobs of both would be open at once, and read what
 * was put there last.
 */
export async function conflictingStates(repetitions: readonly Repetition[]): Promise<Fallible<null, Note>> {
  const first = new Map<string, { readonly commit: string; readonly identity: InputIdentity }>()
  for (const repetition of repetitions) {
    const state = await recordedState(repetition)
    if (!state.ok) return state
    const { commit } = repetition.found
    for (const [path, { identity }] of state.value) {
      const other = first.get(path)
      if (other !== undefined && !isSame(other.identity, identity))
        return fail({ kind: 'states-conflict', path, commits: [other.commit, commit] })
      if (other === undefined) first.set(path, { commit, identity })
    }
  }
  return ok(null)
}

/**
 * Puts the recorded script and inputs of a record into place and then submits, under one lease. Nothing is touched when
 * one of the files cannot be had, or one that is there holds work that no commit has.
 */
export async function withRestored(
  repetition: Repetition,
  onlyReport: boolean,
  report: (report: Report) => void,
  submit: () => Promise<void>,
): Promise<Fallible<null, Note>> {
  const { context } = repetition
  return withLease(context, restoreLease, async () => {
    const differing = await differingFiles(repetition)
    if (!differing.ok) return differing
    const paths = differing.value.map(({ identity }) => identity.path)
    const allowed = await mayReplace(context, differing.value)
    if (!allowed.ok) return allowed
    const tell = (note: Note): void =>
      report({ action: 'restore', status: 'ok', path: context.dataset.root, type: 'dataset', note })
    if (onlyReport) {
      if (paths.length > 0) tell({ kind: 'would-restore', paths })
      return ok(null)
    }
    const contents = await contentsOf(context, differing.value)
    if (!contents.ok) return contents
    const placed = placeAll(context, contents.value, report)
    if (!placed.ok) return placed
    if (paths.length > 0) tell({ kind: 'restored', paths })
    await submit()
    return ok(null)
  })
}

function placeAll(
  context: Context,
  files: readonly PlacedFile[],
  report: (report: Report) => void,
): Fallible<null, Note> {
  try {
    cleanPlaced(context.dataset)
    for (const file of files) {
      placeFile(context.dataset, file)
      report({ action: 'restore', status: 'ok', path: file.path, type: 'file' })
    }
    return ok(null)
  } catch (error) {
    return fail(fromSystem('restore', error))
  }
}

/** The recorded files that are something else now, or gone. */
async function differingFiles(repetition: Repetition): Promise<Fallible<readonly RecordedFile[], Note>> {
  const { context } = repetition
  const state = await recordedState(repetition)
  if (!state.ok) return state
  const now = await currentIdentities(context, [...state.value.keys()])
  if (!now.ok) return now
  return ok(
    [...state.value].flatMap(([path, file]) => {
      const current = now.value.get(path)
      return current !== undefined && isSame(current, file.identity) ? [] : [file]
    }),
  )
}

async function currentIdentities(
  context: Context,
  paths: readonly string[],
): Promise<Fallible<ReadonlyMap<string, InputIdentity>, Note>> {
  const identities = await identify(context, inputFiles(context, paths))
  return identities.ok ? ok(new Map(identities.value.map((one) => [one.path, one]))) : identities
}

/** Fails where something would be lost, or pulled away under an open job. */
async function mayReplace(context: Context, files: readonly RecordedFile[]): Promise<Fallible<null, Note>> {
  const paths = files.map(({ identity }) => identity.path)
  const outside = paths.filter((path) => path.startsWith('/'))
  if (outside.length > 0) return fail({ kind: 'cannot-restore', paths: outside })
  const { holder, isOne } = subdatasetsOf(context.dataset, { initialise: false })
  const below = paths.filter((path) => holder(path) !== '' || isOne(path))
  if (below.length > 0) return fail({ kind: 'restore-in-subdataset', paths: below })
  for (const path of paths) {
    const file = inTheWay(context.dataset, path)
    if (file !== null) return fail({ kind: 'restore-in-way', path, file })
    const place = normalise(context.dataset, context.dataset.root, path)
    if (!place.ok) return place
    if (place.value.path !== path) return fail({ kind: 'bad-record', detail: `it names ${path}` })
  }
  const used = inUse(context, files)
  if (used !== null) return fail(used)
  const unsaved = await unsavedAmong(context, paths)
  if (!unsaved.ok) return unsaved
  if (unsaved.value.length > 0) return fail({ kind: 'uncommitted-inputs', paths: unsaved.value })
  return ok(null)
}

/** Whether an open job may write one of the paths, or was submitted to read something else there. */
function inUse(context: Context, files: readonly RecordedFile[]): Note | null {
  const { root } = context.dataset
  const paths = files.map(({ identity }) => identity.path)
  const conflict = paths.length === 0 ? null : context.ledger.conflict(root, paths.map(escapePattern))
  if (conflict !== null)
    return { kind: 'restore-in-use', path: conflict.wanted, job: jobName(conflict.job), how: 'writes' }
  const wanted = new Map(files.map(({ identity }) => [identity.path, identity]))
  for (const job of context.ledger.openJobsIn(root)) {
    for (const identity of job.spec.identities) {
      const other = wanted.get(identity.path)
      if (other !== undefined && !isSame(identity, other))
        return { kind: 'restore-in-use', path: identity.path, job: calledName(job), how: 'reads' }
    }
  }
  return null
}

/** Those of the files that hold what HEAD does not. What is gone holds nothing that could be lost. */
async function unsavedAmong(
  context: Context,
  paths: readonly string[],
): Promise<Fallible<readonly string[], Note>> {
  const now = await currentIdentities(context, paths)
  if (!now.ok) return now
  const head = await readHead(context.dataset)
  if (!head.ok) return head
  const held = await treeIdentities(context, head.value.commit, now.value)
  if (!held.ok) return held
  const differing = [...now.value.values()]
    .filter((one) => {
      const then = held.value.get(one.path)
      return then === undefined || !isSame(one, then)
    })
    .map(({ path }) => path)
  // With line ends that git converts, the bytes here are not those in HEAD, and still nothing is unsaved.
  const [indexed, entries] = await Promise.all([
    unchangedSinceIndexed(context.dataset, differing),
    differing.length === 0 ? ok([]) : listTree(context.dataset, head.value.commit, differing),
  ])
  if (!indexed.ok) return indexed
  if (!entries.ok) return entries
  return ok(
    differing.filter((path) => {
      const entry = entries.value.find((one) => one.path === path)
      const staged = indexed.value.find((one) => one.path === path)
      return entry === undefined || staged?.oid !== entry.oid
    }),
  )
}
