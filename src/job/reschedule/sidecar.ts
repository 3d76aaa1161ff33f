import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fail, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { annexContents } from '../../dataset/annex-contents.ts'
import { keyOfLink, keyOfPointer, maxPointerSize } from '../../dataset/annex-key.ts'
import { readRecordDirectories } from '../../dataset/config.ts'
import { readObjects } from '../../dataset/objects.ts'
import { listTree } from '../../dataset/tree.ts'
import type { RunRecord } from '../../provenance/record.ts'
import { CannotStart, run } from '../../process/run.ts'
import { checkRecord } from '../../provenance/message.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'

/**
 * The record that a commit message only names: a file of that commit below DataLad's folder for records. Annexed content
 * is fetched when it is not here. The name is anybody's, and leads out of no folder.
 */
export async function readSidecarOf(
  context: Context,
  commit: CommitId,
  name: string,
): Promise<Fallible<RunRecord, Note>> {
  const missing = fail({ kind: 'sidecar-missing', name } as const)
  if (name === '' || name === '.' || name === '..' || /[/\n\0]/.test(name)) return missing
  const folders = await readRecordDirectories(context.dataset, commit)
  if (!folders.ok) return folders
  const paths = folders.value
    .map((folder) => posix.normalize(folder))
    .filter((folder) => !/^(\/|\.\.(\/|$))/.test(folder))
    .flatMap((folder) => [posix.join(folder, name), posix.join(folder, `${name}.jsonl`)])
  const listed = await listTree(context.dataset, commit, paths)
  if (!listed.ok) return listed
  const entry = paths.flatMap((path) => listed.value.find((one) => one.path === path) ?? [])[0]
  if (entry === undefined) return missing
  const read = await readObjects(context.dataset, [entry.oid])
  if (!read.ok) return read
  const content = read.value[0]?.content
  if (content === undefined) return missing
  const key =
    entry.mode === '120000'
      ? keyOfLink(content.toString())
      : content.length <= maxPointerSize
        ? keyOfPointer(content)
        : null
  if (key === null) return entry.mode === '120000' ? missing : unpacked(context, content)
  const here = await annexContents(context.dataset, [key])
  if (!here.ok) return here
  const file = here.value.get(key)
  return file === undefined
    ? fail({ kind: 'sidecar-absent', path: entry.path })
    : unpacked(context, readFileSync(file))
}

/** No record comes near this many bytes; what unpacks to more is no record. */
const largest = 16 * 1024 * 1024

/** One JSON object a line, packed by xz; the first is the record. Node knows no xz. */
async function unpacked(context: Context, packed: Buffer): Promise<Fallible<RunRecord, Note>> {
  const words = ['--decompress', '--stdout', '--quiet', '--format=xz', '--no-sparse']
  try {
    const { code, stdout, stderr } = await run('xz', words, {
      env: context.env,
      input: packed,
      maxOutput: largest,
    })
    if (code !== 0)
      return fail({ kind: 'bad-record', detail: `xz cannot unpack its file ${stderr.trim()}`.trim() })
    return checkRecord(JSON.parse(stdout.toString('utf8').split('\n')[0] ?? ''))
  } catch (error) {
    if (error instanceof CannotStart)
      return fail({ kind: 'sidecar-needs-xz', message: error.missing.message })
    return fail({ kind: 'bad-record', detail: `not JSON: ${String(error)}` })
  }
}
