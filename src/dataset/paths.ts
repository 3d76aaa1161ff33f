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
  dataset: Pick<Dataset, 'root' | 'gitDir' | 'commonDir'>,
  cwd: string,
  written: string,
  options: { readonly patterns: boolean } = { patterns: false },
): Fallible<RepositoryPath, PathFailure> {
  if (written === '') return fail({ kind: 'bad-path', path: written, why: 'empty' })
  if (written.includes('\0')) return fail({ kind: 'bad-path', path: written, why: 'nul' })
  // Node reads arguments that are not UTF-8 with this replacement: the real name is lost.
  if (written.includes('\uFFFD')) return fail({ kind: 'not-utf8', path: written })
  // The kernel's limits: to ask for such a path would be an error of the system.
  const bytes = Buffer.byteLength(written)
  if (bytes > 4095 || (bytes > 255 && written.split('/').some((one) => Buffer.byteLength(one) > 255)))
    return fail({ kind: 'bad-path', path: written, why: 'too-long' })
  const segments = written.split('/').filter((segment) => segment !== '' && segment !== '.')
  const start = isAbsolute(written) ? '/' : realpathSync(cwd)
  const firstWild = options.patterns ? firstWildcard(start, segments) : -1
  const fixed = firstWild < 0 ? segments : segments.slice(0, firstWild)
  const rest = firstWild < 0 ? [] : segments.slice(firstWild)
  if (rest.includes('..')) return fail({ kind: 'bad-path', path: written, why: 'parent-after-wildcard' })
  const directory = /(?:^|\/)\.{0,2}$/.test(written)
  const walked = resolve(dataset, start, fixed, {
    written,
    followLast: directory || rest.length > 0,
  })
  if (!walked.ok) return walked
  const inside = relativeTo(dataset.root, walked.value)
  if (inside === null) {
    return fail({ kind: 'outside-repository', path: written, resolved: walked.value, root: dataset.root })
  }
  const failure = occupied(dataset, written, inside, walked.value)
  if (failure !== null) return fail(failure)
  const literal = options.patterns ? escapePattern(inside) : inside
  const path = [...(inside === '' ? [] : [literal]), ...rest].join('/')
  return ok({ path: path === '' ? '.' : path, directory, pattern: rest.length > 0 || literal !== inside })
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
  how: { readonly written: string; readonly followLast: boolean },
): Fallible<string, PathFailure> {
  let at = start
  for (const [i, segment] of segments.entries()) {
    if (segment === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, segment)
    if ((i < segments.length - 1 || how.followLast) && isSymlink(next)) {
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
  dataset: Pick<Dataset, 'root' | 'gitDir' | 'commonDir'>,
  written: string,
  inside: string,
  absolute: string,
): PathFailure | null {
  const segments = inside === '' ? [] : inside.split('/')
  // git itself refuses `.GIT` and the like in a tree.
  const hidden = segments.findIndex((segment) => segment.toLowerCase() === '.git')
  const own = [dataset.gitDir, dataset.commonDir].some((dir) => relativeTo(dir, absolute) !== null)
  if (hidden === 0 || own) return { kind: 'inside-git-directory', path: written }
  let listed = segments.length === 0 ? [] : submodulePaths(dataset.root)
  for (let depth = 1; depth <= segments.length; depth++) {
    const part = segments.slice(0, depth).join('/')
    const there = isRepository(join(dataset.root, part))
    if (!listed.includes(part)) {
      if (there) return { kind: 'inside-submodule', path: written, submodule: part }
      continue
    }
    if (!there) return { kind: 'subdataset-not-installed', path: written, submodule: part }
    listed = submodulePaths(join(dataset.root, part)).map((path) => `${part}/${path}`)
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
