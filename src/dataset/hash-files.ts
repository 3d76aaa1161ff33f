import { readFileSync, statSync } from 'node:fs'
import { ok, type Fallible } from '../contract/fallible.ts'
import { blobId } from './blob-id.ts'
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

/** Up to so many bytes are read as a whole. */
const smallFile = 1024 * 1024

/** So many files take no longer than a git process. */
const fewFiles = 64

/**
 * git's ids of the bytes of some files, unfiltered, by their (absolute) paths. One git process: that is quicker than to load
 * what could compute a hash here, except in a command that lives on and has done so.
 */
export async function hashFiles(
  dataset: Dataset,
  files: readonly string[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const ids = new Map<string, string>()
  const own = dataset.objects !== undefined && files.length <= fewFiles
  const left = [...new Set(files)].filter((file) => {
    const id = own ? smallFileId(dataset, file) : null
    if (id !== null) ids.set(file, id)
    return id === null
  })
  for (const list of chunks(left)) {
    const hashed = await git(dataset, ['hash-object', '--no-filters', '--', ...list])
    if (!hashed.ok) return hashed
    const lines = hashed.value.stdout.toString('latin1').split('\n')
    for (const [i, file] of list.entries()) ids.set(file, lines[i] ?? '')
  }
  return ok(ids)
}

/** Null for what git has to look at: anything but a small file that can be read. */
function smallFileId({ objectFormat }: Dataset, file: string): string | null {
  try {
    const stat = statSync(file)
    return stat.isFile() && stat.size <= smallFile ? blobId(objectFormat, readFileSync(file)) : null
  } catch {
    return null
  }
}

/** git's id of some bytes, unfiltered. */
export async function hashBytes(
  dataset: Dataset,
  content: Uint8Array,
): Promise<Fallible<string, DatasetFailure>> {
  const hashed = await git(dataset, ['hash-object', '--stdin'], { input: content })
  return hashed.ok ? ok(hashed.value.stdout.toString('latin1').trim()) : hashed
}
