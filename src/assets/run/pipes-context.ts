import { contextData } from '../../pipes/context.ts'
import type { Partitions } from '../definitions/key-space.ts'
import { windowStart } from '../definitions/time-window.ts'
import type { AssetView } from '../look.ts'
import { versionAt } from '../versions/version.ts'

/** What the payload that makes one key of an asset is told by Dagster Pipes, as JSON. `attempt` counts from 0. */
export function pipesContext(view: AssetView, index: number, run: string, attempt: number): string {
  const { asset, space, state, code } = view
  const key = asset.partitions === null ? null : space.at(index).text
  const record = state.records[state.record[index] ?? -1]
  const place = state.position[index] ?? 0
  const provenance =
    record === undefined
      ? null
      : {
          code_version: versionAt(record.facts.code, place),
          input_data_versions: Object.fromEntries(
            Object.entries(record.facts.upstream).map(([name, versions]) => [
              name,
              versionAt(versions, place),
            ]),
          ),
          is_user_provided: false,
        }
  return JSON.stringify(
    contextData({
      // An asset's name is its escaped key: it has neither backslashes nor slashes within a part.
      asset_keys: [asset.name],
      code_version_by_asset_key: { [asset.name]: versionAt(code, index) },
      provenance_by_asset_key: { [asset.name]: provenance },
      partition_key: key,
      partition_key_range: key === null ? null : { start: key, end: key },
      partition_time_window: asset.partitions === null ? null : windowOf(asset.partitions, index),
      run_id: run,
      job_name: asset.name,
      retry_number: attempt,
      extras: asset.extras,
    }),
  )
}

/** The window of a key that is one; null of keys with other dimensions. */
function windowOf(
  partitions: Partitions,
  index: number,
): { readonly start: string; readonly end: string } | null {
  const [only, ...more] = partitions.values()
  if (only?.kind !== 'time' || more.length > 0) return null
  const at = (i: number): string => new Date(windowStart(only, i) * 1000).toISOString()
  return { start: at(index), end: at(index + 1) }
}
