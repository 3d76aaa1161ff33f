import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { segmentMatcher } from '../contract/glob-segment.ts'
import type { DatasetFailure } from './failure.ts'
import { withAnnex } from './initialise-annex.ts'
import { locate, submodulePaths, type Dataset } from './locate.ts'
import { isRepository } from './paths.ts'

/**
 * The submodules of a dataset, and those within them, that are checked out here. All paths are relative to the root of
 * the dataset at the top, which is itself called by the empty path. Each is looked at once, and only when it is asked for.
 */
export interface Subdatasets {
  /** The deepest dataset that a path lies in. The folder of a subdataset lies in the one above it. */
  readonly holder: (path: string) => string
  /** Whether a path is the folder of a subdataset. */
  readonly isOne: (path: string) => boolean
  /** Those, at any depth, in which something may lie that a path or pattern names. */
  readonly reachedBy: (pattern: string) => readonly string[]
  readonly open: (at: string) => Promise<Fallible<Dataset, DatasetFailure>>
}

/** Finds what lies in which subdataset. `initialise`: git-annex is made ready where it is used and was not yet. */
export function subdatasetsOf(top: Dataset, options: { readonly initialise: boolean }): Subdatasets {
  const registered = new Map<string, ReadonlySet<string>>()
  const opened = new Map<string, Promise<Fallible<Dataset, DatasetFailure>>>()
  const listed = (at: string): ReadonlySet<string> => {
    const known = registered.get(at)
    if (known !== undefined) return known
    const paths = submodulePaths(join(top.root, at)).map((path) => below(at, path))
    const here = new Set(paths.filter((path) => isCheckedOut(join(top.root, path))))
    registered.set(at, here)
    return here
  }
  const holder = (path: string): string => {
    for (let at = ''; ;) {
      const here = listed(at)
      const next = here.size === 0 ? undefined : foldersOf(path).find((folder) => here.has(folder))
      if (next === undefined || next === at) return at
      at = next
    }
  }
  const reachedFrom = (at: string, pattern: readonly string[]): readonly string[] =>
    [...listed(at)]
      .filter((one) => leadsInto(pattern, one.split('/')))
      .flatMap((one) => [one, ...reachedFrom(one, pattern)])
  return {
    holder,
    reachedBy: (pattern) => reachedFrom('', pattern.split('/')),
    isOne: (path) => listed(holder(path)).has(path),
    open: async (at) => {
      const known = opened.get(at) ?? openAt(top, at, options.initialise)
      opened.set(at, known)
      return known
    },
  }
}

/** A path in a dataset as the top one names it. */
export function below(at: string, path: string): string {
  return at === '' ? path : path === '.' ? at : `${at}/${path}`
}

/** A path of the top dataset as the one at `at`, which it lies in, names it. */
export function within(at: string, path: string): string {
  return at === '' ? path : path === at ? '.' : path.slice(at.length + 1)
}

async function openAt(
  top: Dataset,
  at: string,
  initialise: boolean,
): Promise<Fallible<Dataset, DatasetFailure>> {
  if (at === '') return ok(top)
  const root = join(top.root, at)
  const found = await locate(root, top.env)
  if (!found.ok) return found
  // One whose `.git` leads nowhere: git goes on looking above it.
  if (found.value.root !== root) return fail({ kind: 'not-a-repository', directory: root })
  return initialise ? withAnnex(found.value) : found
}

/** Whether what a pattern names may lie in a folder, or above it. */
function leadsInto(pattern: readonly string[], folder: readonly string[]): boolean {
  const spans = pattern.findIndex((segment) => segment === '**' || segment === '.')
  const fixed = spans < 0 ? pattern : pattern.slice(0, spans)
  return folder.every((name, i) => {
    const segment = fixed[i]
    return segment === undefined || segmentMatcher(segment)(name)
  })
}

/** The folders that a path lies in, the highest first. */
function foldersOf(path: string): readonly string[] {
  const segments = path.split('/')
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join('/'))
}

/** A folder, no link, with a repository in it: nothing leads out of the dataset by it. */
function isCheckedOut(directory: string): boolean {
  return (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false) && isRepository(directory)
}
