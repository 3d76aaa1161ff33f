import { readlinkSync, realpathSync, statSync, type Stats } from 'node:fs'
import { dirname, isAbsolute, join, posix } from 'node:path'
import { stamp, type Stamp } from '../../dataset/copy-file.ts'
import { relativeTo } from '../../dataset/paths.ts'
import { walk, type Found } from '../../dataset/walk.ts'
import { covers } from '../../ledger/covers.ts'
import { targetsOf } from '../targets.ts'

/** Something that lies below a job's outputs in its alternative directory. */
export type Listed =
  /** `source`: the real file where links lead to it. */
  | { readonly path: string; readonly kind: 'file'; readonly source: string; readonly stamp: Stamp }
  /** A relative link that stays inside the outputs, and so means the same in the dataset. */
  | { readonly path: string; readonly kind: 'link'; readonly text: string; readonly stamp: Stamp }
  | { readonly path: string; readonly kind: Exclude<Found['kind'], 'file' | 'symlink'> | LinkTrouble }

/** Why a link cannot be followed. `foreign-link`: another user's job made it, and it leads out of the directory. */
export type LinkTrouble = 'broken-link' | 'foreign-link'

/** Lists what lies below the outputs now. Links that lead elsewhere are followed, but out of the directory only where `trusted`. */
export function* listBelow(dir: string, outputs: readonly string[], trusted: boolean): Generator<Listed> {
  for (const found of walk(dir, targetsOf(outputs))) {
    yield* listOne({ dir, outputs, trusted }, found, join(dir, found.path), [])
  }
}

interface Look {
  readonly dir: string
  readonly outputs: readonly string[]
  readonly trusted: boolean
}

function* listOne(look: Look, found: Found, source: string, through: readonly string[]): Generator<Listed> {
  const { path } = found
  // Copies that another schedule is just making, and what marks the directory, are ours.
  if (posix.basename(path).startsWith('.waybill-')) return
  if (found.kind === 'symlink') yield* listLink(look, path, source, through)
  else if (found.kind === 'file') {
    const now = stamp(source)
    if (now !== null) yield { path, kind: 'file', source, stamp: now }
  } else yield { path, kind: found.kind }
}

function* listLink(look: Look, path: string, link: string, through: readonly string[]): Generator<Listed> {
  const text = readlinkSync(link)
  const own = stamp(link)
  const inside = !isAbsolute(text) && through.length === 0
  const target = posix.normalize(posix.join(posix.dirname(path), text))
  if (inside && own !== null && look.outputs.some((output) => covers(output, target) && !leaves(target))) {
    yield { path, kind: 'link', text, stamp: own }
    return
  }
  const stat = followed(link)
  const real = stat === undefined ? null : realpathSync(link)
  const folders = [...through, realpathSync(dirname(link))]
  // One that leads to a folder it lies in would never end.
  if (stat === undefined || real === null || folders.some((folder) => relativeTo(real, folder) !== null)) {
    yield { path, kind: 'broken-link' }
  } else if (!look.trusted && relativeTo(look.dir, real) === null) yield { path, kind: 'foreign-link' }
  else if (stat.isDirectory()) {
    for (const below of walk(real, targetsOf(['.']))) {
      const at = below.path === '.' ? path : `${path}/${below.path}`
      yield* listOne(look, { ...below, path: at }, join(real, below.path), [...folders, real])
    }
  } else if (stat.isFile()) {
    const now = stamp(real)
    if (now !== null) yield { path, kind: 'file', source: real, stamp: now }
  } else yield { path, kind: stat.isFIFO() ? 'fifo' : stat.isSocket() ? 'socket' : 'device' }
}

function leaves(path: string): boolean {
  return path === '..' || path.startsWith('../')
}

function followed(link: string): Stats | undefined {
  try {
    return statSync(link, { throwIfNoEntry: false })
  } catch {
    // A circle of links, or a folder that may not be entered.
    return undefined
  }
}
