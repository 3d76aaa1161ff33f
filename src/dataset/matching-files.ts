import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { fromSystem, type DatasetFailure } from './failure.ts'
import { filterGroups, quiet, withoutAnnex } from './filter-groups.ts'
import { git } from './git.ts'
import { indexInfo } from './index-entries.ts'
import type { Dataset } from './locate.ts'
import { rawChanges, type Entry } from './tree.ts'

/**
 * Those paths at which the work tree holds exactly what these entries say: kind, mode and content as git's filters read
 * it. Contents are compared, not times; nothing is written but an index of our own, which is gone afterwards.
 */
export async function matchingFiles(
  dataset: Dataset,
  entries: readonly Entry[],
  operation: string,
): Promise<Fallible<ReadonlySet<string>, DatasetFailure>> {
  if (entries.length === 0) return ok(new Set())
  const groups = await filterGroups(
    dataset,
    entries.map(({ path, mode, oid }) => ({ path, before: null, after: { mode, oid } })),
  )
  if (!groups.ok) return groups
  const same = new Set<string>()
  const byPath = new Map(entries.map((entry) => [entry.path, entry]))
  for (const [paths, config] of [
    [groups.value.raw, withoutAnnex],
    [groups.value.filtered, quiet],
  ] as const) {
    const wanted = paths.map((path) => byPath.get(path)).filter((entry) => entry !== undefined)
    const differing = await differingFrom(dataset, wanted, operation, config)
    if (!differing.ok) return differing
    for (const path of paths) if (!differing.value.has(path)) same.add(path)
  }
  return ok(same)
}

async function differingFrom(
  dataset: Dataset,
  entries: readonly Entry[],
  operation: string,
  config: readonly (readonly [string, string])[],
): Promise<Fallible<ReadonlySet<string>, DatasetFailure>> {
  if (entries.length === 0) return ok(new Set())
  const index = join(dataset.gitDir, 'waybill', `index-${operation}-same`)
  try {
    mkdirSync(join(dataset.gitDir, 'waybill'), { recursive: true })
    remove(index)
  } catch (error) {
    return fail(fromSystem('index', error))
  }
  try {
    const input = entries.map((entry) => indexInfo(entry.path, entry))
    const made = await git(dataset, ['update-index', '-z', '--index-info'], { input, index, config })
    if (!made.ok) return made
    // This compares contents, and notes the times of those that are the same: diff-files looks at times alone.
    const refreshed = await git(dataset, ['update-index', '-q', '--refresh'], { index, config, normal: [1] })
    if (!refreshed.ok) return refreshed
    const differing = new Set<string>()
    const diff = await git(dataset, ['diff-files', '--raw', '-z', '--no-renames', '--ignore-submodules'], {
      index,
      config,
      pieces: rawChanges(({ path }) => differing.add(path)),
    })
    return diff.ok ? ok(differing) : diff
  } finally {
    remove(index)
  }
}

function remove(index: string): void {
  rmSync(index, { force: true })
  rmSync(`${index}.lock`, { force: true })
}
