import { posix } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { readObjects } from '../../dataset/objects.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { InputIdentity } from '../spec.ts'

/**
 * The identities of a record's inputs by path, from the record itself or from the file of long lists in its commit. Null
 * where it holds none: DataLad's and datalad-slurm's records do not.
 */
export async function readIdentities(
  context: Context,
  commit: CommitId,
  record: RunRecord,
): Promise<Fallible<ReadonlyMap<string, InputIdentity> | null, Note>> {
  const own = record.waybill?.['inputs']
  if (own !== undefined) return ok(identitiesIn(own))
  const lists = record.waybill?.['lists']
  // A newline would be a second question to git.
  if (typeof lists !== 'string' || lists.includes('\n')) return ok(null)
  const read = await readObjects(context.dataset, [`${commit}:${lists}`])
  if (!read.ok) return read
  const content = parsed(read.value[0]?.content.toString())
  return ok(
    typeof content === 'object' && content !== null && 'inputs' in content
      ? identitiesIn(content.inputs)
      : null,
  )
}

function identitiesIn(list: unknown): ReadonlyMap<string, InputIdentity> | null {
  if (!Array.isArray(list)) return null
  return new Map(
    list.flatMap((item: unknown) => {
      if (typeof item !== 'object' || item === null || !('path' in item) || typeof item.path !== 'string')
        return []
      // A path out of the dataset is written in full; this one is nobody's.
      if (/^\.\.(\/|$)/.test(posix.normalize(item.path))) return []
      return [[item.path, item as InputIdentity] as const]
    }),
  )
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null') as unknown
  } catch {
    return null
  }
}
