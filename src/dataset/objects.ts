import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git } from './git.ts'
import { readHead, type ObjectHead, type StoredObject } from './object-head.ts'
import type { Dataset } from './locate.ts'

/** Of more, a process of their own tells as it finds them. */
const mostHeld = 1000

/**
 * Reads many objects by one git process, in the order asked for; null for one that is not there. Names are object ids or
 * anything git resolves (`HEAD:path`) without a newline in it.
 */
export async function readObjects(
  dataset: Dataset,
  names: readonly string[],
): Promise<Fallible<readonly (StoredObject | null)[], DatasetFailure>> {
  if (names.length === 0) return ok([])
  const held = names.length > mostHeld ? null : await dataset.objects?.read(names)
  if (held != null) return ok(held)
  const read = await git(dataset, ['cat-file', '--batch'], { input: names.map((name) => `${name}\n`) })
  return read.ok ? ok(parseBatch(read.value.stdout)) : read
}

/**
 * Tells in order what many names stand for, without reading any content: `names` as with `readObjects`, null for nothing.
 * One git process.
 */
export async function lookAtObjects(
  dataset: Dataset,
  names: readonly string[],
  take: (head: ObjectHead | null) => void,
): Promise<Fallible<null, DatasetFailure>> {
  if (names.length === 0) return ok(null)
  const held = names.length > mostHeld ? null : await dataset.objects?.look(names)
  if (held != null) {
    for (const head of held) take(head)
    return ok(null)
  }
  const read = await git(dataset, ['cat-file', '--batch-check'], {
    input: names.values().map((name) => `${name}\n`),
    pieces: { end: '\n', take: (line) => take(readHead(line.toString('latin1'))) },
  })
  return read.ok ? ok(null) : read
}

/** The sizes in bytes of many objects, null for one that is not there. One git process; no content is read. */
export async function readSizes(
  dataset: Dataset,
  oids: readonly string[],
): Promise<Fallible<readonly (number | null)[], DatasetFailure>> {
  const sizes: (number | null)[] = []
  const read = await lookAtObjects(dataset, oids, (head) => sizes.push(head?.size ?? null))
  return read.ok ? ok(sizes) : read
}

/** `oid SP type SP size LF content LF`, or `name SP missing LF` (also `ambiguous`). */
function parseBatch(output: Buffer): readonly (StoredObject | null)[] {
  const objects: (StoredObject | null)[] = []
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(10, at)
    const head = readHead(output.toString('utf8', at, end))
    at = end + 1
    if (head === null) {
      objects.push(null)
      continue
    }
    const { oid, type, size } = head
    objects.push({ oid, type, content: output.subarray(at, at + size) })
    at += size + 1
  }
  return objects
}
