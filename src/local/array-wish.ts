import { fail, ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import { BadIndices, parseIndices } from '../contract/index-set.ts'

/** An array as asked for: its task indices, ascending, and how many may run at once (null: as many as slots). */
export interface ArrayWish {
  readonly indices: readonly number[]
  readonly limit: number | null
}

/** Reads Slurm's notation of `--array` (sbatch(1)): `0-9`, `1,3,7-9:2`, each with `%limit`. The failure is a sentence. */
export function parseArrayWish(text: string): Fallible<ArrayWish, string> {
  const limit = /%(\d+)$/.exec(text)?.[1]
  if (limit !== undefined && Number(limit) === 0) return fail(`no task of the array ${text} may ever run`)
  try {
    return ok({ indices: parseIndices(text), limit: limit === undefined ? null : Number(limit) })
  } catch (error) {
    if (error instanceof BadIndices)
      return fail(`not an array of tasks: ${text} (write it as 0-9 or 1,3,7-9:2%2)`)
    throw error
  }
}
