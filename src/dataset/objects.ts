import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import type { Dataset } from './locate.ts'

/** An object of the repository. */
export interface StoredObject {
  readonly oid: string
  readonly type: 'blob' | 'tree' | 'commit' | 'tag'
  readonly content: Buffer
}

/**
 * Reads many objects by one git process, in the order asked for; null for one that is not there. Names are object ids or
 * anything git resolves (`HEAD:path`) without a newline in it.
 */
export async function readObjects(
  dataset: Dataset,
  names: readonly string[],
): Promise<Fallible<readonly (StoredObject | null)[], DatasetFailure>> {
  if (names.length === 0) return ok([])
  const read = await git(dataset, ['cat-file', '--batch'], { input: names.map((name) => `${name}\n`) })
  return read.ok ? ok(parseBatch(read.value.stdout)) : read
}

/** The sizes in bytes of many objects, null for one that is not there. One git process; no content is read. */
export async function readSizes(
  dataset: Dataset,
  oids: readonly string[],
): Promise<Fallible<readonly (number | null)[], DatasetFailure>> {
  if (oids.length === 0) return ok([])
  const read = await git(dataset, ['cat-file', '--batch-check=%(objectsize)'], {
    input: oids.values().map((oid) => `${oid}\n`),
  })
  if (!read.ok) return read
  const lines = read.value.stdout.toString('latin1').split('\n').slice(0, -1)
  return ok(lines.map((line) => (/^\d+$/.test(line) ? Number(line) : null)))
}

/** `oid SP type SP size LF content LF`, or `name SP missing LF` (also `ambiguous`). */
function parseBatch(output: Buffer): readonly (StoredObject | null)[] {
  const objects: (StoredObject | null)[] = []
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at)
    const header = /^([0-9a-f]{40,64}) (blob|tree|commit|tag) (\d+)$/.exec(output.toString('utf8', at, end))
    at = end + 1
    if (header === null) {
      objects.push(null)
      continue
    }
    const size = Number(header[3])
    objects.push({
      oid: header[1] ?? '',
      type: header[2] as StoredObject['type'],
      content: output.subarray(at, at + size),
    })
    at += size + 1
  }
  return objects
}
