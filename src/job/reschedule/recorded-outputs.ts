import { posix } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import { escapePattern } from '../../dataset/paths.ts'
import { diffTrees } from '../../dataset/tree.ts'
import { resolveRevision } from '../../dataset/log.ts'
import { covers } from '../../ledger/covers.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Repeatable } from './repeatable.ts'

/**
 * The outputs of a record without the old job's logs, relative to its directory. What `datalad run` and early
 * datalad-slurm committed besides (they may declare none at all) counts as declared: a job's record holds nothing else.
 */
export async function recordedOutputs(
  context: Context,
  { commit, message, record }: Repeatable,
): Promise<Fallible<readonly string[], Note>> {
  const pwd = record.pwd ?? '.'
  const { title } = message
  // In a SLURM RUN outputs are relative to the root, and hold the old job's logs too.
  if (title === 'DATALAD SLURM RUN') {
    // With an alternative directory datalad-slurm names its files from there, which stands for the root.
    const own = ownFiles(record, record.alt_dir ? '.' : pwd)
    return ok(
      record.outputs
        .filter((path) => !own.has(posix.normalize(path)))
        .map((path) => posix.relative(pwd, path) || '.'),
    )
  }
  // Waybill's own hold what was declared.
  if (record.waybill !== undefined && record.outputs.length > 0) return ok(record.outputs)
  const made = await madeBy(context, commit)
  if (!made.ok) return made
  const paths = made.value
  const isThere = (path: string): boolean =>
    paths.some((one) => covers(posix.normalize(path).replace(/\/$/, ''), one))
  // Of the old pairs it is not known from where they name their files: what they committed tells.
  const fromRoot =
    title !== 'DATALAD RUNCMD' &&
    record.outputs.some(isThere) &&
    !record.outputs.some((path) => isThere(posix.join(pwd, path)))
  const own = ownFiles(record, fromRoot ? '.' : pwd)
  const declared = record.outputs.map((path) => posix.join(fromRoot ? '.' : pwd, path).replace(/\/$/, ''))
  const besides = paths.filter((path) => !declared.some((one) => covers(one, path)))
  return ok(
    [...declared, ...besides.map(escapePattern)]
      .filter((path) => !own.has(path))
      .map((path) => posix.relative(pwd, path) || '.'),
  )
}

/** The scheduler's own files of the old job, relative to the root. */
function ownFiles(record: RunRecord, base: string): ReadonlySet<string> {
  return new Set((record.slurm_outputs ?? []).map((path) => posix.join(base, path)))
}

/** The files that a commit added or changed, without the records of DataLad and Waybill themselves. */
async function madeBy(
  context: Context,
  commit: Repeatable['commit'],
): Promise<Fallible<readonly string[], Note>> {
  const parent = await resolveRevision(context.dataset, `${commit}^`)
  const changes = await diffTrees(context.dataset, parent.ok ? parent.value : null, commit)
  if (!changes.ok) return changes
  return ok(
    changes.value
      .filter(({ path, after }) => after !== null && after.mode !== '160000' && !isRecordFile(path))
      .map(({ path }) => path),
  )
}

function isRecordFile(path: string): boolean {
  return /^(\.datalad|\.waybill)\//.test(path)
}
