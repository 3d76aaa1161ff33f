import { parseIndices } from '../contract/index-set.ts'
import type { Context, Job } from './context.ts'

/** The newest job of an asset (`model`) or of one of its keys (`model:gold`), and of an array the key's task; null: there is none. */
export function assetJob(
  context: Context,
  name: string,
): { readonly job: Job; readonly task: number | null } | null {
  const colon = name.indexOf(':')
  const asset = colon < 0 ? name : name.slice(0, colon)
  const key = colon < 0 ? null : name.slice(colon + 1)
  const job = context.ledger.newestOfAsset(context.dataset.root, asset, key)
  if (job === null) return null
  const { parts } = job.spec
  const place = key === null ? -1 : (job.spec.asset?.keys?.indexOf(key) ?? -1)
  const isTask = parts.kind === 'array' && parseIndices(parts.indices).includes(place)
  return { job, task: isTask ? place : null }
}
