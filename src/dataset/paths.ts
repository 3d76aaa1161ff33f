import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { PathFailure } from './failure.ts'
import { fileStatus } from './file-status.ts'
import { submodulePaths, type Dataset } from './locate.ts'

/** A path of the repository in its one form. */
export interface RepositoryPath {
  /** Relative to the root, `/` between segments, no `.`, `..` or trailing slash; `.` for the root itself. */
  readonly path: string
  /** It was written with a trailing slash: a directory is meant. */
  readonly directory: boolean
  /** It holds wildcards (only where patterns were allowed). */
  readonly pattern: boolean
}

const wild = /[*?[]/

/**
 * Brings a path as the user wrote it (absolute, or relative to `cwd`) into its one form, as the kernel would resolve it:
 * through symlinked parents, which need not exist yet from some segment on. The last segment is not followed (an annexed
 * file is a symlink) unless a slash follows it. With `patterns`, segments from the first wildcard on are kept as they are;
 * but what exists as it is written is no wildcard: its `[` becomes `[[]`, as Python's glob.escape writes it. A path may
 * lie in a submodule that is checked out, in no other repository.
 */
export function normalise(
  dataset: Place,
  cwd: string,
  written: string,
  options: NormaliseOptions = { patterns: false },
): Fallible<RepositoryPath, PathFailure> {
  return normaliser(dataset, cwd, options)(written)
}

/** The dataset in which paths are. */
type Place = Pick<Dataset, 'root' | 'gitDir' | 'commonDir'>

interface NormaliseOptions {
  readonly patterns: boolean
}

/** `normalise` for many paths at one time: a folder that several lie in is looked at once. */
export function normaliser(
  dataset: Place,
  cwd: string,
  options: NormaliseOptions = { patterns: false },
): (written: string) => Fallible<RepositoryPath, PathFailure> {
  const folders = new Folders()
  const here = onceAsked(() => realpathSync(cwd))
  return (written) => {
    if (written === '') return fail({ kind: 'bad-path', path: written, why: 'empty' })
    if (written.includes('\0')) return fail({ kind: 'bad-path', path: written, why: 'nul' })
    // Node reads arguments that are not UTF-8 with this replacement: the real name is lost.
    if (written.includes('\uFFFD')) return fail({ kind: 'not-utf8', path: written })
    // The kernel's limits: to ask for such a path would be an error of the system.
    const bytes = Buffer.byteLength(written)
    if (bytes > 4095 || (bytes > 255 && written.split('/').some((one) => Buffer.byteLength(one) > 255)))
      return fail({ kind: 'bad-path', path: written, why: 'too-long' })
    const segments = written.split('/').filter((segment) => segment !== '' && segment !== '.')
    const start = isAbsolute(written) ? '/' : here()
    const firstWild = options.patterns ? firstWildcard(start, segments) : -1
    const fixed = firstWild < 0 ? segments : segments.slice(0, firstWild)
    const rest = firstWild < 0 ? [] : segments.slice(firstWild)
    if (rest.includes('..')) return fail({ kind: 'bad-path', path: written, why: 'parent-after-wildcard' })
    const directory = /(?:^|\/)\.{0,2}$/.test(written)
    const walked = resolve(dataset, start, fixed, {
      written,
      followLast: directory || rest.length > 0,
      folders,
    })
    if (!walked.ok) return walked
    const inside = relativeTo(dataset.root, walked.value)
    if (inside === null) {
      return fail({
        kind: 'outside-repository',
        path: written,
        resolved: walked.value,
        root: dataset.root,
      })
    }
    const failure = occupied(dataset, written, inside, walked.value, folders)
    if (failure !== null) return fail(failure)
    const literal = options.patterns ? escapePattern(inside) : inside
    const path = [...(inside === '' ? [] : [literal]), ...rest].join('/')
    return ok({
      path: path === '' ? '.' : path,
      directory,
      pattern: rest.length > 0 || literal !== inside,
    })
  }
}

/** What was seen of folders, each looked at once. */
class Folders {
  readonly isSymlink = remembered(isSymlink)
  readonly isRepository = remembered(isRepository)
  readonly submodulesOf = remembered(submodulePaths)
}

function remembered<T>(look: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>()
  return (path) => {
    const before = known.get(path)
    if (before !== undefined) return before
    const found = look(path)
    known.set(path, found)
    return found
  }
}

function onceAsked<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | null = null
  return () => (answer ??= { value: ask() }).value
}

/** A path as a pattern that names it and nothing else; the same where it holds no wildcard. */
export function escapePattern(path: string): string {
  return path.replaceAll(/[*?[]/g, '[$&]')
}

/** Whether a path or pattern holds a wildcard that is not escaped. */
export function hasWildcard(path: string): boolean {
  return wild.test(path.replaceAll(/\[[*?[]\]/g, ''))
}

/** Index of the first segment that is a wildcard, not something that exists under that very name; -1 for none. */
function firstWildcard(start: string, segments: readonly string[]): number {
  return segments.findIndex(
    (segment, i) => wild.test(segment) && !isThere([start, ...segments.slice(0, i + 1)].join('/')),
  )
}

function isThere(path: string): boolean {
  try {
    return fileStatus(path) !== undefined
  } catch {
    return false
  }
}

/** `path` relative to `root` (`` for the root itself), or null when it lies elsewhere. Both absolute, real. */
export function relativeTo(root: string, path: string): string | null {
  if (path === root) return ''
  const prefix = root === '/' ? '/' : `${root}/`
  return path.startsWith(prefix) ? path.slice(prefix.length) : null
}

function resolve(
  dataset: Pick<Dataset, 'root'>,
  start: string,
  segments: readonly string[],
  how: { readonly written: string; readonly followLast: boolean; readonly folders: Folders },
): Fallible<string, PathFailure> {
  let at = start
  for (const [i, segment] of segments.entries()) {
    if (segment === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, segment)
    if ((i < segments.length - 1 || how.followLast) && how.folders.isSymlink(next)) {
      const target = realTarget(next)
      const link = relativeTo(dataset.root, next)
      if (link !== null && relativeTo(dataset.root, target) === null) {
        return fail({ kind: 'symlink-leaves', path: how.written, link, target })
      }
      at = target
    } else at = next
  }
  return ok(at)
}

function isSymlink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
}

/** Where a link leads; for a broken one, as far as its text tells. */
function realTarget(link: string): string {
  try {
    return realpathSync(link)
  } catch {
    return join(isAbsolute(readlinkSync(link)) ? '/' : dirname(link), readlinkSync(link))
  }
}

function occupied(
  dataset: Place,
  written: string,
  inside: string,
  absolute: string,
  folders: Folders,
): PathFailure | null {
  const segments = inside === '' ? [] : inside.split('/')
  // git itself refuses `.GIT` and the like in a tree.
  const hidden = segments.findIndex((segment) => segment.toLowerCase() === '.git')
  const own = [dataset.gitDir, dataset.commonDir].some((dir) => relativeTo(dir, absolute) !== null)
  if (hidden === 0 || own) return { kind: 'inside-git-directory', path: written }
  let listed = segments.length === 0 ? [] : folders.submodulesOf(dataset.root)
  for (let depth = 1; depth <= segments.length; depth++) {
    const part = segments.slice(0, depth).join('/')
    const folder = join(dataset.root, part)
    // Of the path itself there is one.
    const there = depth < segments.length ? folders.isRepository(folder) : isRepository(folder)
    if (!listed.includes(part)) {
      if (there) return { kind: 'inside-submodule', path: written, submodule: part }
      continue
    }
    if (!there) return { kind: 'subdataset-not-installed', path: written, submodule: part }
    listed = folders.submodulesOf(folder).map((path) => `${part}/${path}`)
  }
  return hidden > 0 ? { kind: 'inside-git-directory', path: written } : null
}

/** Whether a directory is the root of a repository of its own. */
export function isRepository(directory: string): boolean {
  try {
    return statSync(join(directory, '.git'), { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
