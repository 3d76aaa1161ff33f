import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { blobId } from '../../dataset/blob-id.ts'
import type { Context } from '../context.ts'
import type { EndedJob } from './ended.ts'
import type { Report } from '../report.ts'

/**
 * Names the scripts of jobs in containers that are not as they were at submission: sbatch keeps a copy of any other
 * script, but these are read when the job starts.
 */
export function changedScripts(context: Context, jobs: readonly EndedJob[]): readonly Report[] {
  return jobs.flatMap(({ job: { spec } }) => {
    if (spec.container === undefined || spec.script === null || spec.script.path === null) return []
    const { path, blob } = spec.script
    const now = blobNow(context, resolve(spec.altDir ?? context.dataset.root, path))
    return now === null || now === blob
      ? []
      : [{ action: 'script', status: 'ok', path, type: 'file', note: { kind: 'script-changed' } }]
  })
}

/** Null for a file that is gone: nothing is known of what it was when the job started. */
function blobNow(context: Context, file: string): string | null {
  try {
    return blobId(context.dataset.objectFormat, readFileSync(file))
  } catch {
    return null
  }
}
