import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import type { DatasetFailure } from '../../dataset/failure.ts'
import type { Dataset } from '../../dataset/locate.ts'
import { readObjects } from '../../dataset/objects.ts'
import { readMessage } from '../../provenance/message.ts'

/** JSON of anybody's. */
export type Facts = Readonly<Record<string, unknown>>

/** What a record says under our own key, and what its file of long lists says: nothing where there is none. */
export interface RecordFacts {
  readonly own: Facts
  readonly lists: Facts
}

/** Reads our own part of these commits' records; null where there is none. Two git processes, however many they are. */
export async function readRecordFacts(
  dataset: Dataset,
  commits: readonly CommitId[],
): Promise<Fallible<readonly (RecordFacts | null)[], DatasetFailure>> {
  const objects = await readObjects(dataset, commits)
  if (!objects.ok) return objects
  const found = objects.value.map((object) => (object === null ? null : waybillOf(object.content)))
  const nameOf = (own: Facts | null, commit: string | undefined): string | null => {
    const path = own?.['lists']
    return typeof path === 'string' && !path.includes('\n') ? `${commit}:${path}` : null
  }
  const names = found.flatMap((own, i) => nameOf(own, commits[i]) ?? [])
  const lists = await readObjects(dataset, names)
  if (!lists.ok) return lists
  const byName = new Map(names.map((name, i) => [name, lists.value[i]?.content ?? null]))
  return ok(
    found.map((own, i) => {
      if (own === null) return null
      const content = byName.get(nameOf(own, commits[i]) ?? '') ?? null
      return { own, lists: content === null ? {} : parsed(content) }
    }),
  )
}

/** What stands under `waybill` in the record of a raw commit object. */
function waybillOf(content: Buffer): Facts | null {
  const read = readMessage(content.subarray(content.indexOf('\n\n') + 2).toString('utf8'))
  if (!read.ok || typeof read.value.record === 'string') return null
  return read.value.record.waybill ?? null
}

function parsed(content: Buffer): Facts {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Facts) : {}
  } catch {
    return {}
  }
}
