import { constants, copyFileSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { filterGroups, quiet, withoutAnnex } from './filter-groups.ts'
import { git } from './git.ts'
import { indexInfo, readIndexEntries, visitIndexEntries, type IndexEntry } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import type { Change } from './tree.ts'

/** Path of the new index of an operation, beside the user's. `attempt` keeps a late child of a dead process off it. */
export function nextIndexPath(dataset: Dataset, operation: string, attempt: string): string {
  return join(dataset.gitDir, `index.waybill-${operation}-${attempt}`)
}

/** Removes what is left of an operation's new indexes. */
export function removeNextIndexes(dataset: Dataset, operation: string): void {
  for (const name of readdirSync(dataset.gitDir)) {
    if (name.startsWith(`index.waybill-${operation}-`)) rmSync(join(dataset.gitDir, name), { force: true })
  }
}

/**
 * Makes a copy of the user's index in which only the changed paths are new, with their stat data, so that git's next look
 * reads no content. All else (staged changes, flags, extensions, a split or sparse index) is git's own copy of what was.
 */
export async function makeNextIndex(
  dataset: Dataset,
  changes: readonly Change[],
  index: string,
): Promise<Fallible<null, DatasetFailure>> {
  try {
    copyIndex(dataset.indexPath, index)
  } catch (error) {
    return fail(fromSystem('index', error))
  }
  if (changes.length === 0) return ok(null)
  const groups = await filterGroups(dataset, changes)
  if (!groups.ok) return groups
  const { exact, raw, filtered } = groups.value
  const steps = [
    () => set(dataset, index, exact),
    () => add(dataset, index, raw, withoutAnnex),
    () => add(dataset, index, filtered, quiet),
  ]
  for (const step of steps) {
    const done = await step()
    if (!done.ok) return done
  }
  return settle(dataset, index, changes)
}

/**
 * The copy keeps the time of the original: by it git knows which files changed so soon after they were added that their
 * stat data says nothing. With a later one, it would call them unchanged for ever.
 */
function copyIndex(from: string, to: string): void {
  const stat = statSync(from, { throwIfNoEntry: false })
  if (stat === undefined) return
  copyFileSync(from, to, constants.COPYFILE_FICLONE)
  // Whole seconds, rounded down: earlier only means that git looks at more files.
  const seconds = Math.floor(stat.mtimeMs / 1000)
  utimesSync(to, seconds, seconds)
}

async function set(
  dataset: Dataset,
  index: string,
  changes: readonly Change[],
): Promise<Fallible<null, DatasetFailure>> {
  if (changes.length === 0) return ok(null)
  // Removals first, for a directory that became a file.
  const ordered = [...changes].sort((a, b) => Number(a.after !== null) - Number(b.after !== null))
  const input = ordered.values().map((change) => indexInfo(change.path, change.after))
  const done = await git(dataset, ['update-index', '--replace', '-z', '--index-info'], {
    input,
    index,
    config: quiet,
  })
  return done.ok ? ok(null) : done
}

async function add(
  dataset: Dataset,
  index: string,
  paths: readonly string[],
  config: readonly (readonly [string, string])[],
): Promise<Fallible<null, DatasetFailure>> {
  if (paths.length === 0) return ok(null)
  const args = ['update-index', '--add', '--remove', '--replace', '-z', '--stdin']
  const done = await git(dataset, args, { input: paths.values().map((path) => `${path}\0`), index, config })
  return done.ok ? ok(null) : done
}

/**
 * Reads the changed entries back. One that is not what the commit holds (the file changed since, or the user told git not
 * to look at it) is set exactly, without stat data: git then finds for itself what the user did.
 */
async function settle(
  dataset: Dataset,
  index: string,
  changes: readonly Change[],
): Promise<Fallible<null, DatasetFailure>> {
  // What is gone was set exactly.
  const unseen = new Map(changes.filter(({ after }) => after !== null).map((change) => [change.path, change]))
  const take = (entry: IndexEntry): void => {
    if (stands(entry, unseen.get(entry.path)?.after ?? null)) unseen.delete(entry.path)
  }
  const visited = await visitIndexEntries(dataset, unseen, take, index)
  if (!visited.ok) return visited
  const wrong = [...unseen.values()]
  if (wrong.length === 0) return ok(null)
  const before = await readIndexEntries(
    dataset,
    wrong.map((change) => change.path),
  )
  if (!before.ok) return before
  const corrected = await set(dataset, index, wrong)
  if (!corrected.ok) return corrected
  const kept = wrong.map((change) => before.value.get(change.path))
  const flags = [
    ['--skip-worktree', kept.filter((entry) => entry?.skipWorktree)],
    ['--assume-unchanged', kept.filter((entry) => entry?.assumeUnchanged)],
  ] as const
  for (const [flag, flagged] of flags) {
    const input = flagged.map((entry) => `${entry?.path ?? ''}\0`)
    if (input.length === 0) continue
    const done = await git(dataset, ['update-index', flag, '-z', '--stdin'], { input, index, config: quiet })
    if (!done.ok) return done
  }
  return ok(null)
}

/** Whether an index entry is what a tree holds (null: nothing). */
export function stands(entry: IndexEntry | undefined, tree: Change['after']): boolean {
  if (entry === undefined || tree === null) return entry === undefined && tree === null
  return entry.stage === 0 && entry.mode === tree.mode && entry.oid === tree.oid
}
