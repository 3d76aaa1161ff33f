import { posix, join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { normalise } from '../../dataset/paths.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'

/**
 * Where a record's job is to run, relative to the root. It need not exist: git keeps no empty folders. A record is
 * anybody's: nothing is looked at or made outside the dataset for it.
 */
export function directoryOf(context: Context, record: RunRecord): Fallible<string, Note> {
  const pwd = record.pwd ?? '.'
  const { root } = context.dataset
  const segments = posix.normalize(pwd).split('/')
  for (let depth = 1; depth <= segments.length && segments[0] !== '..' && segments[0] !== ''; depth++) {
    const file = segments.slice(0, depth).join('/')
    const stat = fileStatus(join(root, file))
    if (stat === undefined || stat.isSymbolicLink()) break
    if (!stat.isDirectory()) return fail({ kind: 'pwd-not-folder', pwd, file })
  }
  const found = normalise(context.dataset, root, pwd.endsWith('/') ? pwd : `${pwd}/`)
  if (!found.ok) return isBelow(found.failure) ? ok(posix.normalize(pwd)) : found
  const { path } = found.value
  return fileStatus(join(root, path))?.isDirectory() === false
    ? fail({ kind: 'pwd-not-folder', pwd, file: path })
    : ok(path)
}

/** In a repository below ours, or one that is yet to be checked out there. */
function isBelow({ kind }: Note): boolean {
  return kind === 'inside-submodule' || kind === 'subdataset-not-installed'
}
