import { machineCapacity } from '../local/capacity.ts'
import { readFileSync, realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Definitions } from '../assets/definitions/definitions.ts'
import {
  cachedDefinitions,
  definitionsKey,
  keepDefinitions,
  type CachedPlace,
} from '../assets/definitions/definitions-cache.ts'
import { findDefinitions } from '../assets/definitions/find-file.ts'
import type { Problem } from '../assets/definitions/problem.ts'
import { trustedFile, trustIn } from '../assets/definitions/trust.ts'
import { ok, type Fallible } from '../contract/fallible.ts'
import { locate, type Dataset } from '../dataset/locate.ts'
import { failureLine } from '../slurm/failure.ts'
import { askPartitions, type ClusterPartition } from '../slurm/partitions.ts'
import { checkArgument, checkOptions, text } from './check-options.ts'
import { definedOnly, variables } from './environment.ts'
import { errorOf, WaybillError } from './waybill-error.ts'
import { assetFailureWords, type AssetFailure } from './words-assets.ts'

/** What functions on definitions may be told. */
export interface AssetsOptions {
  /** The environment of programs, and where the user's configuration is looked for; default: this process's. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The directory from which files are named in problems; default: the path that is given. */
  readonly cwd?: string | undefined
}

/** Definitions, or what is wrong with them. */
export interface LoadedAssets {
  /** As people name it. */
  readonly file: string
  readonly read: Fallible<Definitions, readonly Problem[]>
  readonly dataset: Dataset
  readonly env: Readonly<Record<string, string>>
  /** What could not be looked at, in words. */
  readonly warnings: readonly string[]
}

/** Seconds that Slurm may take to say what it has. */
const deadline = 10

/** Where definitions are: the dataset's root, their file, and how people name it. */
export interface FoundAssets {
  readonly dataset: Dataset
  readonly root: string
  readonly file: string
  readonly shown: string
  readonly env: Readonly<Record<string, string>>
}

/** Finds the definitions that hold at a path. @throws WaybillError where there is no dataset, or nothing that defines. */
export async function findAssets(name: string, path: string, options: AssetsOptions): Promise<FoundAssets> {
  checkArgument(name, 'the path', path, text)
  checkOptions(name, options, { env: variables, cwd: text })
  const env = options.env ?? definedOnly(process.env)
  const located = await locate(path, env)
  if (!located.ok) throw errorOf(located.failure)
  const dataset = located.value
  const { root } = dataset
  const found = findDefinitions(realpathSync(path), root)
  if (!found.ok) throw assetError(found.failure)
  return { dataset, root, file: found.value, shown: shownFrom(options.cwd ?? path, found.value), env }
}

/** Reads the definitions that hold at a path. @throws WaybillError also where their code is not trusted. */
export async function loadAssets(
  name: string,
  path: string,
  options: AssetsOptions,
  how: { readonly lookAtCluster: boolean },
): Promise<LoadedAssets> {
  return readAssets(await findAssets(name, path, options), how)
}

/** What definitions are made of (`definitionsKey`), where nothing but their file says it; null: of code that is run. */
export function keyOf({ dataset, root, file }: FoundAssets): string | null {
  return file.endsWith('.yaml') ? definitionsKey(placeOf({ dataset, root, file })) : null
}

function placeOf({ dataset, root, file }: Pick<FoundAssets, 'dataset' | 'root' | 'file'>): CachedPlace {
  const state = { folder: join(dataset.commonDir, 'waybill'), shared: dataset.shared }
  return { state, file, root, version: packageJson.version }
}

/** Reads definitions that were found; `key` is what `keyOf` says of them. @throws as `loadAssets`. */
export async function readAssets(
  found: FoundAssets,
  { lookAtCluster }: { readonly lookAtCluster: boolean },
  key = lookAtCluster ? null : keyOf(found),
): Promise<LoadedAssets> {
  const { dataset, root, file, shown, env } = found
  if (file.endsWith('.ts')) {
    const trust = trustIn(trustedFile(env), file, readFileSync(file))
    if (trust !== 'yes') throw assetError({ kind: 'not-trusted', file: shown, changed: trust === 'changed' })
  }
  const warnings: string[] = []
  const askCluster = async (): Promise<readonly ClusterPartition[] | null> => {
    if (!lookAtCluster) return null
    const answer = await askPartitions({ env, deadline })
    if (answer.ok) return answer.value
    warnings.push(assetFailureWords({ kind: 'cluster-silent', detail: failureLine(answer.failure) }))
    return null
  }
  const place = placeOf(found)
  // What code gives may be another thing each time, and a cluster is asked anew.
  const cached = key === null ? null : cachedDefinitions(place, key)
  if (cached !== null) return { file: shown, read: ok({ ...cached, key }), dataset, env, warnings }
  // The readers of YAML and of its form are large: the commands that need none of this do not load them.
  const { loadDefinitions } = await import('../assets/definitions/load.ts')
  const read = await loadDefinitions({
    file,
    root,
    shown,
    askCluster,
    ...(lookAtCluster ? { machine: machineCapacity(env) } : {}),
  })
  if (key === null || !read.ok) return { file: shown, read, dataset, env, warnings }
  keepDefinitions(place, key, read.value)
  return { file: shown, read: ok({ ...read.value, key }), dataset, env, warnings }
}

/** A failure as the error that ends the work. */
export function assetError(failure: AssetFailure): WaybillError {
  return new WaybillError(failure.kind, assetFailureWords(failure))
}

/** How people name a file: from where they are when it lies there, else in full. */
export function shownFrom(cwd: string, file: string): string {
  const shown = relative(realpathSync(cwd), file)
  return shown.startsWith('../') ? file : shown
}
