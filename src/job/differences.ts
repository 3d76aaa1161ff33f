import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { posix } from 'node:path'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blobId } from '../dataset/blob-id.ts'
import { normalise } from '../dataset/paths.ts'
import { expand } from '../dataset/walk.ts'
import type { Json } from '../provenance/python-json.ts'
import type { RunRecord } from '../provenance/record.ts'
import type { Context } from './context.ts'
import { identify, inputFiles, isSame, treeIdentities } from './inputs.ts'
import type { Note } from './note.ts'
import type { InputIdentity } from './spec.ts'

/**
 * The inputs and the script that are not what they were for a record: by the identities it holds, else by the commit
 * that holds it. Paths relative to the root.
 */
export async function differencesFrom(
  context: Context,
  commit: CommitId,
  record: RunRecord,
): Promise<Fallible<readonly string[], Note>> {
  const pwd = record.pwd ?? '.'
  const paths = [...record.inputs, ...record.extra_inputs].flatMap((path) => {
    const found = normalise(context.dataset, join(context.dataset.root, pwd), path, { patterns: true })
    return found.ok ? [...expand(context.dataset.root, found.value)] : []
  })
  const files = inputFiles(context, [...new Set(paths)])
  const recorded = recordedIdentities(record)
  const now = await identify(context, files)
  if (!now.ok) return now
  const inside = now.value.filter(({ path }) => !path.startsWith('/'))
  const then = await treeIdentities(context, commit, new Map(inside.map((one) => [one.path, one])))
  if (!then.ok) return then
  const known = new Map([...then.value, ...recorded])
  const differing = now.value.filter((one) => {
    const before = known.get(one.path)
    return before === undefined || !isSame(one, before)
  })
  const current = new Set(now.value.map(({ path }) => path))
  const gone = [...recorded.keys()].filter((path) => !current.has(path) && !path.startsWith('/'))
  return ok([
    ...new Set([...differing.map(({ path }) => path), ...gone, ...scriptDifference(context, record)]),
  ])
}

function recordedIdentities(record: RunRecord): ReadonlyMap<string, InputIdentity> {
  const list = record.waybill?.['inputs']
  if (!Array.isArray(list)) return new Map()
  const identities = (list as readonly Json[]).flatMap((item) => {
    if (typeof item !== 'object' || item === null || !('path' in item) || typeof item.path !== 'string')
      return []
    return [[item.path, item as unknown as InputIdentity] as const]
  })
  return new Map(identities)
}

function scriptDifference(context: Context, record: RunRecord): readonly string[] {
  const script = record.waybill?.['script']
  if (typeof script !== 'object' || script === null || !('path' in script) || !('blob' in script)) return []
  const path = String(script.path)
  try {
    const file = posix.isAbsolute(path) ? path : join(context.dataset.root, path)
    return blobId(context.dataset.objectFormat, readFileSync(file)) === script.blob ? [] : [path]
  } catch {
    return [path]
  }
}
