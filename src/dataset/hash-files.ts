import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { chunks, git } from './git.ts'
import type { Dataset } from './locate.ts'

/** git's ids of some files by their (absolute) paths, as `hashFiles` finds them. */
export type Hashing = (
  files: readonly string[],
) => Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>>

/** Hashes what is asked for in one turn of the event loop, by whomever, with one git process. */
export function hashTogether(dataset: Dataset): Hashing {
  let gathered: string[] = []
  let hashing: ReturnType<Hashing> | null = null
  return async (files) => {
    if (files.length === 0) return ok(new Map())
    for (const file of files) gathered.push(file)
    return (hashing ??= new Promise((wake) => setImmediate(wake)).then(async () => {
      const all = gathered
      gathered = []
      hashing = null
      return hashFiles(dataset, all)
    }))
  }
}

/**
 * git's ids of the bytes of some files, unfiltered, by their (absolute) paths. One git process: that is quicker than to load
 * what could compute a hash here.
 */
export async function hashFiles(
  dataset: Dataset,
  files: readonly string[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const ids = new Map<string, string>()
  for (const list of chunks([...new Set(files)])) {
    const hashed = await git(dataset, ['hash-object', '--no-filters', '--', ...list])
    if (!hashed.ok) return hashed
    const lines = hashed.value.stdout.toString('latin1').split('\n')
    for (const [i, file] of list.entries()) ids.set(file, lines[i] ?? '')
  }
  return ok(ids)
}

/** git's id of some bytes, unfiltered. */
export async function hashBytes(
  dataset: Dataset,
  content: Uint8Array,
): Promise<Fallible<string, DatasetFailure>> {
  const hashed = await git(dataset, ['hash-object', '--stdin'], { input: content })
  return hashed.ok ? ok(hashed.value.stdout.toString('latin1').trim()) : hashed
}
