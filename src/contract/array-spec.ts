import { BadIndices, compactIndices, parseIndices } from './index-set.ts'

/** An array of tasks as asked for (sbatch(1), `--array`). */
export interface ArraySpec {
  /** Ascending, each once. */
  readonly indices: readonly number[]
  /** The same, written compactly: `0-97,99`. */
  readonly text: string
  /** At most so many run at once (`%4`), or null. */
  readonly limit: number | null
}

/** Reads all forms of `--array`: `1-5`, `1,3,7-9:2`, `0-15%4`, `[1-3]`; null for what is none of them. */
export function readArraySpec(text: string): ArraySpec | null {
  const match = /^(?:\[([^\]%]+)(?:%(\d+))?\]|([^[\]%]+)(?:%(\d+))?)$/.exec(text.trim())
  const list = match?.[1] ?? match?.[3]
  const limit = match?.[2] ?? match?.[4]
  if (list === undefined || Number(limit) === 0) return null
  try {
    const indices = parseIndices(list)
    return { indices, text: compactIndices(indices), limit: limit === undefined ? null : Number(limit) }
  } catch (error) {
    if (error instanceof BadIndices) return null
    throw error
  }
}

/** The array that words of ours for sbatch ask for, by `--array=`: the last counts; null where they ask for none. */
export function arrayInWords(words: readonly string[]): ArraySpec | null {
  const last = words.findLast((word) => word.startsWith('--array='))
  return last === undefined ? null : readArraySpec(last.slice('--array='.length))
}
