import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { annexContents, annexLinks } from '../../dataset/annex-contents.ts'
import { keyOfLink, keyOfPointer } from '../../dataset/annex-key.ts'
import { blobId } from '../../dataset/blob-id.ts'
import { git } from '../../dataset/git.ts'
import { readObjects } from '../../dataset/objects.ts'
import type { PlacedFile } from '../../dataset/place-files.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { RecordedFile } from './recorded-state.ts'

/**
 * The content of recorded files, whose identities it has for sure: annexed ones as links to content that is here, or was
 * fetched. Fails naming those that are nowhere.
 */
export async function contentsOf(
  context: Context,
  files: readonly RecordedFile[],
): Promise<Fallible<readonly PlacedFile[], Note>> {
  const keys = [...new Set(files.flatMap(({ identity }) => identity.key ?? []))]
  const here = await annexContents(context.dataset, keys)
  if (!here.ok) return here
  const links = await annexLinks(context.dataset, [...here.value.keys()])
  if (!links.ok) return links
  const placed: PlacedFile[] = []
  const missing: string[] = []
  for (const file of files) {
    const { path, key } = file.identity
    const link = key === undefined ? undefined : links.value.get(key)
    if (link !== undefined) {
      const target = posix.relative(posix.dirname(path), `.git/annex/objects/${link}`)
      placed.push({ path, content: { link: target } })
      continue
    }
    const content = key === undefined ? await bytesOf(context, file) : ok(null)
    if (!content.ok) return content
    if (content.value === null) missing.push(path)
    else placed.push({ path, content: contentAs(file, content.value) })
  }
  return missing.length > 0 ? fail({ kind: 'cannot-restore', paths: missing }) : ok(placed)
}

/** A link's blob is its text. Modes are those of the nearest commit that holds the path. */
function contentAs({ entries }: RecordedFile, bytes: Buffer): PlacedFile['content'] {
  const mode = entries[0]?.mode ?? '100644'
  return mode === '120000' ? { link: bytes.toString() } : { bytes, executable: mode === '100755' }
}

/** The bytes whose blob id a record has: as an object, else in the annex, else as git would check a file out. */
async function bytesOf(context: Context, file: RecordedFile): Promise<Fallible<Buffer | null, Note>> {
  const { dataset } = context
  const { blob } = file.identity
  if (blob === undefined || !/^[0-9a-f]{40,64}$/.test(blob)) return ok(null)
  const fits = (content: Buffer): boolean => blobId(dataset.objectFormat, content) === blob
  const read = await readObjects(dataset, [blob, ...file.entries.map(({ oid }) => oid)])
  if (!read.ok) return read
  const [own, ...held] = read.value
  if (own?.type === 'blob') return ok(own.content)
  for (const [i, object] of held.entries()) {
    const entry = file.entries[i]
    if (object === null || entry === undefined) continue
    const key = entry.mode === '120000' ? keyOfLink(object.content.toString()) : keyOfPointer(object.content)
    const found = key === null ? await checkedOut(context, entry) : await annexed(context, key)
    if (!found.ok) return found
    if (found.value !== null && fits(found.value)) return found
  }
  return ok(null)
}

async function annexed(context: Context, key: string): Promise<Fallible<Buffer | null, Note>> {
  const here = await annexContents(context.dataset, [key])
  if (!here.ok) return here
  const file = here.value.get(key)
  return ok(file === undefined ? null : readFileSync(file))
}

async function checkedOut(
  context: Context,
  entry: { readonly path: string; readonly oid: string },
): Promise<Fallible<Buffer | null, Note>> {
  const shown = await git(context.dataset, ['cat-file', '--filters', `--path=${entry.path}`, entry.oid])
  return shown.ok ? ok(shown.value.stdout) : shown
}
