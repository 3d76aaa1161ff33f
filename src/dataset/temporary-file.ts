import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Dataset } from './locate.ts'

/** How temporary files of one piece of work are named: recognisable after a kill. */
export interface TemporaryPlace {
  /** Letters and digits, of this piece of work alone. */
  readonly token: string
}

/**
 * A path for a temporary file that can be renamed to `target`: in `<common dir>/waybill/tmp` when that is on the same
 * device, so that nobody sees it; else beside the target.
 */
export function temporaryPath(dataset: Dataset, target: string, place: TemporaryPlace): string {
  const own = ownFolder(dataset)
  // By chmod: the umask must not shut a group out.
  const made = mkdirSync(own, { recursive: true })
  if (made !== undefined && dataset.shared !== null) chmodSync(own, dataset.shared.directory)
  const beside = dirname(target)
  const folder = statSync(own).dev === statSync(beside).dev ? own : beside
  for (let i = 0; ; i++) {
    const path = join(folder, `${prefix(place.token)}${i}`)
    // Also a link that leads nowhere is in the way: what a killed process left may be one.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return path
  }
}

/** Gives a finished temporary file its mode and time, and puts it in the place of whatever `target` is. */
export function putInPlace(
  temporary: string,
  target: string,
  attributes: { readonly mode: number; readonly mtime: Date } | null,
): void {
  if (attributes !== null) {
    chmodSync(temporary, attributes.mode & 0o777)
    utimesSync(temporary, attributes.mtime, attributes.mtime)
  }
  renameSync(temporary, target)
}

/** Removes what a killed process left of its temporary files, in our own folder and beside these paths. */
export function cleanLeftovers(dataset: Dataset, token: string, paths: readonly string[]): readonly string[] {
  const folders = new Set([ownFolder(dataset), ...paths.map((path) => dirname(join(dataset.root, path)))])
  const removed: string[] = []
  for (const folder of folders) {
    for (const name of listed(folder)) {
      if (!basename(name).startsWith(prefix(token))) continue
      rmSync(join(folder, name), { force: true })
      removed.push(join(folder, name))
    }
  }
  return removed
}

function ownFolder(dataset: Dataset): string {
  return join(dataset.commonDir, 'waybill', 'tmp')
}

function prefix(token: string): string {
  return `.waybill-${token}-`
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
