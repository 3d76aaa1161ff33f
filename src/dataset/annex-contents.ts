import { resolve } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { gitAnnex } from './git.ts'
import type { Dataset } from './locate.ts'

/**
 * Where the content of annex keys lies here, as absolute paths by key; of those that lie nowhere here git-annex is asked
 * to fetch them first, and what it cannot have is left out. Keys are anybody's words: what is none is left out too.
 */
export async function annexContents(
  dataset: Dataset,
  keys: Iterable<string>,
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const wanted = [...new Set(keys)].filter((key) => /^[A-Z0-9_]+-[^\n\0/]*$/.test(key))
  if (dataset.annex === null || wanted.length === 0) return ok(new Map())
  const here = await locate(dataset, wanted)
  if (!here.ok) return here
  const absent = wanted.filter((key) => !here.value.has(key))
  if (absent.length === 0) return here
  const got = await gitAnnex(dataset, ['get', '--batch-keys', '--json'], { input: lines(absent) })
  return got.ok ? locate(dataset, wanted) : got
}

/** What the symlinks of locked files hold behind `.git/annex/objects/`, by key. */
export async function annexLinks(
  dataset: Dataset,
  keys: readonly string[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  if (keys.length === 0) return ok(new Map())
  const format = '--format=${hashdirmixed}${key}/${key}\\n'
  const told = await gitAnnex(dataset, ['examinekey', '--batch', format], { input: lines(keys) })
  return told.ok ? ok(paired(keys, told.value.stdout)) : told
}

/** One reply a key, in their order; an empty one: it is not here. */
async function locate(
  dataset: Dataset,
  keys: readonly string[],
): Promise<Fallible<ReadonlyMap<string, string>, DatasetFailure>> {
  const told = await gitAnnex(dataset, ['contentlocation', '--batch'], { input: lines(keys) })
  if (!told.ok) return told
  const found = paired(keys, told.value.stdout)
  return ok(new Map([...found].map(([key, path]) => [key, resolve(dataset.root, path)])))
}

function lines(keys: readonly string[]): readonly string[] {
  return keys.map((key) => `${key}\n`)
}

function paired(keys: readonly string[], output: Buffer): ReadonlyMap<string, string> {
  const replies = output.toString('utf8').split('\n')
  return new Map(keys.flatMap((key, i) => (replies[i] ? [[key, replies[i]] as const] : [])))
}
