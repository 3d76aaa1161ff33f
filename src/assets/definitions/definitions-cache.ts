import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deserialize, serialize } from 'node:v8'
import { newHash } from '../../contract/new-hash.ts'
import { makeFolder, type LedgerPlace } from '../../ledger/open.ts'
import type { Asset, Definitions, Overrides } from './definitions.ts'
import { checkScripts } from './missing-scripts.ts'

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
  let kept: Buffer
  try {
    kept = readFileSync(cacheFile(place))
  } catch {
    return null
  }
  if (kept.toString('latin1', 0, key.length) !== key) return null
  const definitions = unpacked(kept.subarray(key.length))
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
    const content = Buffer.concat([Buffer.from(key, 'latin1'), serialize(compacted(definitions))])
    const mode = place.state.shared?.file ?? 0o600
    writeFileSync(temporary, content, { mode })
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

/** The same definitions in which what is alike is one: it is kept, and read, once. */
function compacted(definitions: Definitions): Definitions {
  const empty: { readonly list: readonly never[]; readonly map: ReadonlyMap<never, never> } = {
    list: [],
    map: new Map<never, never>(),
  }
  const list = <T>(value: readonly T[]): readonly T[] => (value.length === 0 ? empty.list : value)
  const map = <K, V>(value: ReadonlyMap<K, V>): ReadonlyMap<K, V> => (value.size === 0 ? empty.map : value)
  const known = new Map<string, unknown>()
  const one = <T>(name: string, value: T): T => {
    if (!known.has(name)) known.set(name, value)
    return known.get(name) as T
  }
  const compact = (asset: Asset): Asset => {
    const { retry, own, extras, partitions } = asset
    const overrides: Overrides = {
      resources: one(`resources ${JSON.stringify(own.resources)}`, own.resources),
      slurm: map(own.slurm),
      env: map(own.env),
    }
    return {
      ...asset,
      own: overrides,
      retry: one(`retry ${JSON.stringify([retry, [...retry.when]])}`, retry),
      extras: one(`extras ${JSON.stringify(extras)}`, extras),
      partitions:
        partitions === null
          ? null
          : new Map([...partitions].map(([name, keys]) => [name, one(`keys ${JSON.stringify(keys)}`, keys)])),
      inputs: list(asset.inputs),
      observes: list(asset.observes),
      checks: list(asset.checks),
      owners: list(asset.owners),
      bySite: map(asset.bySite),
      byKey: map(asset.byKey),
    }
  }
  const assets = new Map([...definitions.assets].map(([name, asset]) => [name, compact(asset)]))
  return { ...definitions, assets }
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

function unpacked(content: Buffer): Definitions | null {
  try {
    return deserialize(content) as Definitions
  } catch {
    return null
  }
}
