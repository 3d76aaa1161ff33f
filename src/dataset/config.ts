import { ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { isTrue } from './config-file.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'

/** Whether the user wants commits signed (`commit.gpgsign`). */
export async function readSigning(dataset: Dataset): Promise<Fallible<boolean, DatasetFailure>> {
  const values = await read(dataset, '^commit\\.gpgsign$')
  return values.ok ? ok(isTrue(values.value['commit.gpgsign'] ?? null)) : values
}

const prefix = 'datalad.run.substitutions.'

/**
 * The placeholders that people configure for DataLad, `datalad.run.substitutions.NAME`, by name: from the dataset's own
 * `.datalad/config`, and from git's configuration, which wins. One git process, two where there is a `.datalad/config`.
 */
export async function readSubstitutions(
  dataset: Dataset,
): Promise<Fallible<Readonly<Record<string, string>>, DatasetFailure>> {
  const pattern = `^${prefix.replaceAll('.', '\\.')}`
  const [own, theirs] = await Promise.all([
    read(dataset, pattern),
    dataset.id === null ? ok({}) : read(dataset, pattern, ['--file', '.datalad/config']),
  ])
  if (!own.ok) return own
  if (!theirs.ok) return theirs
  const both = { ...theirs.value, ...own.value }
  return ok(Object.fromEntries(Object.entries(both).map(([key, value]) => [key.slice(prefix.length), value])))
}

/** `key LF value NUL`; a key written without `=` has no line feed and is true. The last value of a key counts. */
async function read(
  dataset: Dataset,
  pattern: string,
  from: readonly string[] = [],
): Promise<Fallible<Readonly<Record<string, string>>, DatasetFailure>> {
  const listed = await git(dataset, ['config', '-z', ...from, '--get-regexp', pattern], { normal: [1] })
  if (!listed.ok) return listed
  const entries = pieces(listed.value.stdout).map((piece): [string, string] => {
    const end = piece.indexOf('\n')
    return end < 0 ? [piece, 'true'] : [piece.slice(0, end), piece.slice(end + 1)]
  })
  return ok(Object.fromEntries(entries))
}

/**
 * The folders, relative to the root, in which DataLad may have put a commit's records (`datalad.run.record-directory`): as
 * git's configuration says, as the commit's own `.datalad/config` does, and DataLad's default; in this order.
 */
export async function readRecordDirectories(
  dataset: Dataset,
  commit: CommitId,
): Promise<Fallible<readonly string[], DatasetFailure>> {
  const name = 'datalad.run.record-directory'
  const pattern = `^${name.replaceAll('.', '\\.')}$`
  const [own, theirs] = await Promise.all([
    read(dataset, pattern),
    read(dataset, pattern, ['--blob', `${commit}:.datalad/config`]),
  ])
  if (!own.ok) return own
  // A commit without that file, or with one that is none, says nothing.
  const said = [own.value[name], theirs.ok ? theirs.value[name] : undefined]
  return ok([...new Set([...said.filter((folder) => folder !== undefined), '.datalad/runinfo'])])
}
