import { readdirSync, type Dirent, type Stats } from 'node:fs'
import { join } from 'node:path'
import { fileStatus } from './file-status.ts'
import { segmentMatcher } from '../contract/glob-segment.ts'
import { isRepository, type RepositoryPath } from './paths.ts'

/** One thing that lies below what was asked for. Only `file` and `symlink` can become part of a commit. */
export interface Found {
  /** Relative to the root. For `not-utf8` a lossy reading, for people only. */
  readonly path: string
  readonly kind:
    | 'file'
    | 'symlink'
    | 'empty-directory'
    /** A directory with a `.git` of its own; what lies below it is not listed. */
    | 'repository'
    /** The same, one that was to be gone into: what lies below it is listed, too. */
    | 'subdataset'
    | 'socket'
    | 'fifo'
    | 'device'
    | 'unreadable'
    | 'not-utf8'
    /** Named without wildcards, and not there. */
    | 'missing'
}

/**
 * Lists what lies at and below the given paths and patterns now, each thing once. Symlinks are listed, never followed.
 * Patterns are Python's glob: `*`, `?`, `[…]` within a segment, `**` over segments, hidden names only when named.
 * `into` tells which repositories below the root are gone into. A generator: memory grows with the largest directory, not
 * with the tree.
 */
export function* walk(
  root: string,
  targets: readonly RepositoryPath[],
  into: (path: string) => boolean = () => false,
): Generator<Found> {
  const tops = new Set<string>()
  for (const target of targets) {
    if (!target.pattern) tops.add(target.path)
    else for (const path of expand(root, target)) tops.add(path)
  }
  for (const top of tops) if (!liesBelowAnother(top, tops)) yield* below(root, top, into)
}

/** The existing paths that one pattern names, by segments; only directories where it ended in a slash. */
export function* expand(root: string, target: RepositoryPath): Generator<string> {
  const seen = new Set<string>()
  for (const path of match(root, '', target.path.split('/'))) {
    if (seen.has(path) || (target.directory && !isDirectory(join(root, path)))) continue
    seen.add(path)
    yield path
  }
}

function* match(root: string, at: string, segments: readonly string[]): Generator<string> {
  const [segment, ...rest] = segments
  if (segment === undefined) {
    if (at !== '') yield at
    return
  }
  if (!/[*?[]/.test(segment)) {
    const next = child(at, segment)
    if (fileStatus(join(root, next))) yield* match(root, next, rest)
    return
  }
  if (segment === '**') {
    yield* match(root, at, rest)
    for (const entry of entriesOf(join(root, at)) ?? []) {
      const name = readable(entry.name)
      if (name === null || name.startsWith('.')) continue
      const next = child(at, name)
      if (entry.isDirectory()) yield* match(root, next, segments)
      else if (rest.length === 0) yield next
    }
    return
  }
  const matches = segmentMatcher(segment)
  for (const entry of entriesOf(join(root, at)) ?? []) {
    const name = readable(entry.name)
    if (name !== null && name !== '.git' && matches(name)) yield* match(root, child(at, name), rest)
  }
}

function liesBelowAnother(path: string, tops: ReadonlySet<string>): boolean {
  if (path === '.') return false
  if (tops.has('.')) return true
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (tops.has(path.slice(0, end))) return true
  }
  return false
}

function* below(root: string, path: string, into: (path: string) => boolean): Generator<Found> {
  let stat: Stats | undefined
  try {
    stat = fileStatus(join(root, path))
  } catch {
    yield { path, kind: 'unreadable' }
    return
  }
  if (stat === undefined) yield { path, kind: 'missing' }
  else if (stat.isDirectory()) yield* directory(root, path, into)
  else yield { path, kind: kindOf(stat) }
}

function* directory(root: string, path: string, into: (path: string) => boolean): Generator<Found> {
  const absolute = join(root, path)
  const isRoot = path === '.' || isRepository(absolute)
  if (isRoot && path !== '.') {
    const goesOn = into(path)
    yield { path, kind: goesOn ? 'subdataset' : 'repository' }
    if (!goesOn) return
  }
  const entries = entriesOf(absolute)
  if (entries === null) {
    yield { path, kind: 'unreadable' }
    return
  }
  if (entries.length === 0) yield { path, kind: 'empty-directory' }
  for (const entry of entries) {
    const name = readable(entry.name)
    if (name === null) yield { path: child(path, entry.name.toString('utf8')), kind: 'not-utf8' }
    else if (isRoot && name === '.git') continue
    else if (entry.isDirectory()) yield* directory(root, child(path, name), into)
    else if (entry.isFile()) yield { path: child(path, name), kind: 'file' }
    // File systems that do not tell the type in the directory (d_type) need a look at the thing itself.
    else yield* below(root, child(path, name), into)
  }
}

function kindOf(stat: Stats): Found['kind'] {
  if (stat.isFile()) return 'file'
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isSocket()) return 'socket'
  return stat.isFIFO() ? 'fifo' : 'device'
}

function entriesOf(directoryPath: string): Dirent<Buffer>[] | null {
  try {
    const entries = readdirSync(directoryPath, { withFileTypes: true, encoding: 'buffer' })
    return entries.sort((a, b) => Buffer.compare(a.name, b.name))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null
  }
}

function readable(name: Buffer): string | null {
  const text = name.toString('utf8')
  return Buffer.from(text, 'utf8').equals(name) ? text : null
}

function child(at: string, name: string): string {
  return at === '' || at === '.' ? name : `${at}/${name}`
}

function isDirectory(path: string): boolean {
  return fileStatus(path)?.isDirectory() ?? false
}
