import { readFileSync, statSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newHash } from '../../contract/new-hash.ts'
import type { Definitions } from './definitions.ts'
import { keep, readKept, type KeptPlace } from './kept-file.ts'
import { checkScripts } from './missing-scripts.ts'
import { packDefinitions, unpackDefinitions } from './packed.ts'

/** Definitions that were proved, and where they may be kept so that they need not be read again. */
export interface CachedPlace extends KeptPlace {
  /** The dataset's root, absolute. */
  readonly root: string
  /** Waybill's own version. */
  readonly version: string
}

/** What definitions that are kept were made of, as 64 hexadecimal digits. @throws the system's error where the file cannot be read. */
export function definitionsKey({ file, root, version }: CachedPlace): string {
  return newHash('sha256')
    .update([version, ownState(), process.version, root, relative(root, dirname(file)), ''].join('\0'))
    .update(readFileSync(file))
    .digest('hex')
}

/**
 * The definitions in a file that is byte for byte the one of which they were kept, by this very Waybill; null: they have to
 * be read. Scripts are looked for all the same, since they are no part of the file.
 */
export function cachedDefinitions(place: CachedPlace, key: string): Definitions | null {
  const kept = readKept(place, 'definitions') ?? ''
  if (!kept.startsWith(key)) return null
  const definitions = unpacked(kept.slice(key.length))
  if (definitions === null) return null
  let whole = true
  checkScripts(definitions.assets, definitions, () => (whole = false))
  return whole ? definitions : null
}

/** Keeps definitions that were proved; where that cannot be, or their file has changed since, they are read again the next time. */
export function keepDefinitions(place: CachedPlace, key: string, definitions: Definitions): void {
  if (isStill(place, key)) keep(place, 'definitions', `${key}${packDefinitions(definitions)}`)
}

function isStill(place: CachedPlace, key: string): boolean {
  try {
    return definitionsKey(place) === key
  } catch {
    return false
  }
}

/** What tells a rebuilt Waybill of the same version from this one. */
function ownState(): string {
  const { size, mtimeMs } = statSync(fileURLToPath(import.meta.url))
  return `${size} ${mtimeMs}`
}

function unpacked(text: string): Definitions | null {
  try {
    return unpackDefinitions(text)
  } catch {
    return null
  }
}
