import { createRequire } from 'node:module'
import { keySpace, keysOf, type PartitionKey } from './key-space.ts'
import { readPartitions } from './read-partitions.ts'
import type { Written } from './written.ts'

/** What `waybill.config.ts` is given. */
export interface AssetsApi {
  /** Gives back what it gets: an editor then knows the form. */
  readonly defineAssets: (definitions: Written) => Written
  /** The keys of listed dimensions, in order. @throws Error for dimensions that cannot be. */
  readonly partitionKeys: (
    dimensions: Readonly<Record<string, readonly (string | number)[]>>,
  ) => readonly PartitionKey[]
}

/** What `waybill.config.ts` exports by default: definitions in the written form, or what makes them. */
export type AssetsConfig = Written | ((api: AssetsApi) => Written | Promise<Written>)

const api: AssetsApi = {
  defineAssets: (definitions) => definitions,
  partitionKeys: (dimensions) => {
    const written = Object.fromEntries(Object.entries(dimensions).map(([name, keys]) => [name, [...keys]]))
    const partitions = readPartitions(written, [], (problem) => {
      throw new Error(`partitionKeys: ${JSON.stringify(problem)}`)
    })
    return partitions === null ? [] : [...keysOf(keySpace(partitions, 0))]
  },
}

/**
 * Runs a `waybill.config.ts` that the user trusts, by Node's own stripping of types, and gives what it made: of any form.
 * @throws whatever its code throws.
 */
export async function runConfig(file: string): Promise<unknown> {
  const exported: unknown = createRequire(file)(file)
  const made: unknown =
    typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported
  return typeof made === 'function' ? await (made as (api: AssetsApi) => unknown)(api) : made
}
