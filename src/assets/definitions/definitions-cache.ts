import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newHash } from '../../contract/new-hash.ts'
import { makeFolder, type LedgerPlace } from '../../ledger/open.ts'
import type { Definitions } from './definitions.ts'
import { checkScripts } from './missing-scripts.ts'
import { packDefinitions, unpackDefinitions } from './packed.ts'

/** Definitions that were proved, and where they may be kept so that they need not be read again. */
export interface CachedPlace {
  /** The folder of state, and its modes. */
  readonly state: LedgerPlace
  /** The absolute path of `waybill.yaml`. */
  readonly file: string
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
  let kept: string
  try {
    kept = readFileSync(cacheFile(place), 'utf8')
  } catch {
    return null
  }
  if (!kept.startsWith(key)) return null
  const definitions = unpacked(kept.slice(key.length))
  if (definitions === null) return null
  let whole = true
  checkScripts(definitions.assets, definitions, () => (whole = false))
  return whole ? definitions : null
}

/** Keeps definitions that were proved; where that cannot be, or their file has changed since, they are read again the next time. */
export function keepDefinitions(place: CachedPlace, key: string, definitions: Definitions): void {
  const file = cacheFile(place)
  const temporary = `${file}.${process.pid}`
  try {
    if (definitionsKey(place) !== key) return
    makeFolder(place.state)
    const mode = place.state.shared?.file ?? 0o600
    writeFileSync(temporary, `${key}${packDefinitions(definitions)}`, { mode })
    // The umask may have taken away what a group needs.
    chmodSync(temporary, mode)
    renameSync(temporary, file)
  } catch {
    removeIfThere(temporary)
  }
}

function removeIfThere(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // Where nothing could be written there is nothing to remove.
  }
}

function cacheFile({ state, file }: CachedPlace): string {
  // Worktrees share the folder, and each has a file of its own.
  return join(state.folder, `definitions-${newHash('sha256').update(file).digest('hex').slice(0, 16)}.cache`)
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
