import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileStatus } from './file-status.ts'
import type { Dataset } from './locate.ts'
import { cleanLeftovers, putInPlace, temporaryPath } from './temporary-file.ts'

/** A file to be put into the work tree whole. */
export interface PlacedFile {
  /** Relative to the root. */
  readonly path: string
  readonly content: { readonly bytes: Buffer; readonly executable: boolean } | { readonly link: string }
}

/** Only one process at a time places files: what is left over under this name is nobody's. */
const place = { token: 'restore' }

/** Removes what a killed process left of files that it was about to place. Call it where nobody else places any. */
export function cleanPlaced(dataset: Dataset): void {
  cleanLeftovers(dataset, place.token, [])
}

/**
 * Puts a file in the place of whatever file or link is there, by one rename: it is there whole, or not at all.
 * @throws the system's error.
 */
export function placeFile(dataset: Dataset, { path, content }: PlacedFile): void {
  const target = join(dataset.root, path)
  mkdirSync(dirname(target), { recursive: true })
  const temporary = temporaryPath(dataset, target, place)
  if ('link' in content) symlinkSync(content.link, temporary)
  else writeFileSync(temporary, content.bytes, { flag: 'wx', mode: content.executable ? 0o777 : 0o666 })
  putInPlace(temporary, target, null)
}

/** What stands where the folders above a path would have to be, a file or a link, relative to the root; or null. */
export function inTheWay(dataset: Dataset, path: string): string | null {
  const segments = path.split('/')
  for (let depth = 1; depth <= segments.length; depth++) {
    const part = segments.slice(0, depth).join('/')
    const stat = fileStatus(join(dataset.root, part))
    if (stat === undefined) return null
    const fits = depth < segments.length ? stat.isDirectory() : stat.isFile() || stat.isSymbolicLink()
    if (!fits) return part
  }
  return null
}
