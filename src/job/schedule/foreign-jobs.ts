import { isAbsolute, posix, relative } from 'node:path'
import { ok, type Fallible } from '../../contract/fallible.ts'
import { escapePattern } from '../../dataset/paths.ts'
import { readForeignJobs } from '../../ledger/datalad-slurm.ts'
import { mayMeet } from '../../ledger/path-pattern.ts'
import { worktreePlace, type Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'

/**
 * Fails when an open job of datalad-slurm's has reserved one of these paths, and when that cannot be told. Its jobs are
 * of the main worktree: in another, files are different files.
 */
export function checkForeign(context: Context, wanted: readonly string[]): Fallible<null, Note> {
  if (worktreePlace(context) !== '') return ok(null)
  const read = readForeignJobs(context.dataset.commonDir)
  if (!read.ok) return read
  for (const { id, outputs } of read.value) {
    for (const output of outputs) {
      const reserved = inOurForm(context, output)
      const met = wanted.find((path) => mayMeet(path, reserved))
      if (met !== undefined)
        return { ok: false, failure: { kind: 'foreign-conflict', wanted: met, reserved: output, job: id } }
    }
  }
  return ok(null)
}

/** What there is to say about the open jobs of datalad-slurm; nothing where there are none. */
export function foreignReports(context: Context): readonly Report[] {
  const read = readForeignJobs(context.dataset.commonDir)
  if (!read.ok) return [{ action: 'jobs', status: 'impossible', path: '', note: read.failure }]
  const jobs = read.value.map(({ id }) => id)
  return jobs.length === 0
    ? []
    : [{ action: 'jobs', status: 'ok', path: '', note: { kind: 'foreign-open', jobs } }]
}

/** It writes `./d`, `s/../d`; wildcards were not known to it. */
function inOurForm(context: Context, output: string): string {
  const path = isAbsolute(output) ? relative(context.dataset.root, output) : output
  return escapePattern(posix.normalize(path).replace(/\/$/, '')) || '.'
}
