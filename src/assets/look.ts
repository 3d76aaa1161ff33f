import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId, EpochSeconds } from '../contract/ids.ts'
import { readHead } from '../dataset/head.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { AssetFacts } from '../job/asset-facts.ts'
import type { Note } from '../job/note.ts'
import { dataVersion, stateOf, type AssetState } from './asset-state.ts'
import type { Asset, Definitions, Site } from './definitions/definitions.ts'
import type { KeySpace } from './definitions/key-space.ts'
import { madeRecords } from './index/made-records.ts'
import { outputShape } from './index/output-shape.ts'
import { mapKeys, spaceOf, type KeyMap } from './key-map.ts'
import { observe, type SourceFailure } from './observe.ts'
import { missingOutputs, type MissingOutput } from './outputs-on-disk.ts'
import { codeVersions } from './versions/code-version.ts'
import { filesNow, inputPatterns, inputVersions, type FilesNow } from './versions/input-versions.ts'
import { namedFiles, pathOfNamed } from './versions/named-files.ts'
import type { Later } from './versions/later.ts'
import { joinedVersion, upstreamVersions } from './versions/upstream-versions.ts'
import { perKey, versionAt, type PerKey, type Version } from './versions/version.ts'

/** One asset as it is now: what it would be made of, and what it was made of. */
export interface AssetView {
  readonly asset: Asset
  /** Where it would run. */
  readonly site: Site
  readonly space: KeySpace
  readonly state: AssetState
  readonly code: PerKey
  /** The files of its code that its command names, as it names them. */
  readonly files: readonly string[]
  readonly inputs: PerKey
  /** Of each asset and external source that it needs; null: a source whose state could not be told. */
  readonly upstream: ReadonlyMap<string, PerKey | null>
  /** For each asset that it needs, which of its keys are made of which. */
  readonly maps: ReadonlyMap<string, KeyMap>
  /** Whether what a key was to be made of later is what it would be made of now. */
  readonly madeLater: (name: string, index: number, later: Later) => boolean
  /** The first output of a key that the work tree lacks, or null. */
  readonly missing: MissingOutput
}

/** What is to be looked at. */
export interface LookRequest {
  readonly dataset: Dataset
  readonly definitions: Definitions
  readonly now: EpochSeconds
  readonly env: Readonly<Record<string, string>>
  /** With all that lies upstream of them. */
  readonly names: ReadonlySet<string>
  /** The site at which an asset would run; null: its own. */
  readonly siteFor: (name: string) => Site | null
}

/** Assets as they are now, each behind those that it needs. */
export interface Look {
  readonly views: ReadonlyMap<string, AssetView>
  readonly failures: readonly SourceFailure[]
  readonly files: FilesNow
  /** The commit whose records count; null: there is none yet. */
  readonly head: CommitId | null
}

/** Looks at assets: what git has of them, their code and inputs on disk, and the external sources that they observe. */
export async function lookAt(request: LookRequest): Promise<Fallible<Look, Note>> {
  const { dataset, definitions, now } = request
  const head = await readHead(dataset)
  if (!head.ok) return head
  const shapes = new Map([...definitions.assets].map(([name, asset]) => [name, outputShape(asset)]))
  const assets = definitions.order.flatMap((name): readonly (readonly [Asset, KeySpace])[] => {
    const asset = request.names.has(name) ? definitions.assets.get(name) : undefined
    return asset === undefined ? [] : [[asset, spaceOf(asset.partitions, now)]]
  })
  const filesOf = namedFiles(definitions)
  const named = new Map(assets.map(([asset]) => [asset.name, filesOf(asset)]))
  const paths = new Map(
    [...new Set([...named.values()].flat())].map((file) => [file, pathOfNamed(definitions, file)]),
  )
  const patterns = new Set(assets.flatMap(([asset, space]) => [...inputPatterns(asset, space)]))
  const sources = new Set(assets.flatMap(([{ observes }]) => observes))
  const externals = [...sources].flatMap((name) => definitions.externals.get(name) ?? [])
  const [made, files, observed] = await Promise.all([
    madeRecords(dataset, head.value.commit, shapes),
    filesNow({ dataset }, patterns, paths.values()),
    observe(definitions, externals, request.env),
  ])
  if (!made.ok) return made
  if (!files.ok) return files
  const contents = new Map([...paths].map(([file, path]) => [file, files.value.identityOf(path)]))
  const missingOf = missingOutputs(dataset.root, assets)
  const views = new Map<string, AssetView>()
  for (const [asset, space] of assets) {
    const site = request.siteFor(asset.name) ?? siteOf(definitions, asset)
    const maps = new Map<string, KeyMap>()
    const upstream = new Map<string, PerKey | null>()
    for (const need of asset.needs) {
      const other = views.get(need)
      if (other === undefined) continue
      const map = mapKeys(asset.partitions, other.asset.partitions, now)
      const hasOutputs = other.asset.outputs.length > 0
      maps.set(need, map)
      upstream.set(
        need,
        upstreamVersions(space.count, map, (index) => dataVersion(other.state, hasOutputs, index)),
      )
    }
    for (const source of asset.observes) upstream.set(source, observed.versions.get(source) ?? null)
    views.set(asset.name, {
      asset,
      site,
      space,
      state: stateOf(made.value.get(asset.name) ?? [], space, asset.partitions !== null),
      code: codeVersions(asset, site, space, named.get(asset.name) ?? [], contents),
      files: named.get(asset.name) ?? [],
      inputs: inputVersions(asset, space, files.value),
      upstream,
      maps,
      madeLater: laterTest(views, maps),
      missing: missingOf(asset, space),
    })
  }
  return ok({ views, failures: observed.failures, files: files.value, head: head.value.commit })
}

/** Tells whether jobs made what they were to make, and it is still so: by the newest records of the keys that they made. */
function laterTest(
  views: ReadonlyMap<string, AssetView>,
  maps: ReadonlyMap<string, KeyMap>,
): AssetView['madeLater'] {
  return (name, index, { jobs, rest }) => {
    const other = views.get(name)
    const map = maps.get(name)
    const group = map?.groupOf(index) ?? -1
    if (other === undefined || map === undefined || group < 0) return false
    const { asset, state } = other
    const others: (Version | null)[] = []
    for (const place of map.upstreamOf(group)) {
      const record = state.records[state.record[place] ?? -1]
      const version = dataVersion(state, asset.outputs.length > 0, place)
      if (record === undefined || !jobs.has(record.token)) others.push(version)
      else {
        const position = state.position[place] ?? 0
        if (version === null || record.made[position] !== record.now[position]) return false
      }
    }
    return joinedVersion(others) === rest
  }
}

/** The site that definitions name for an asset. @throws Error for definitions that were not proved. */
function siteOf({ sites, defaultSite }: Definitions, asset: Asset): Site {
  const site = sites.get(asset.site ?? defaultSite)
  if (site === undefined) throw new Error(`${asset.name} has no site`)
  return site
}

/** What a job that makes these keys of an asset is made of, as its record is to say it (an asset without keys: place 0). */
export function factsOf(view: AssetView, indices: readonly number[], run: string): AssetFacts {
  const { asset, space, code, inputs, upstream } = view
  const those = (versions: PerKey): PerKey => perKey(indices.map((i) => versionAt(versions, i)))
  return {
    name: asset.name,
    keys: asset.partitions === null ? null : indices.map((i) => space.at(i).text),
    code: those(code),
    inputs: those(inputs),
    upstream: Object.fromEntries(
      [...upstream].flatMap(([name, versions]) => (versions === null ? [] : [[name, those(versions)]])),
    ),
    run,
  }
}
