import type { Definitions } from '../assets/definitions/definitions.ts'
import { keySpace } from '../assets/definitions/key-space.ts'
import type { Problem } from '../assets/definitions/problem.ts'
import { exitCode } from './exit-code.ts'
import { loadAssets, type AssetsOptions } from './load-assets.ts'
import { withWords } from './waybill-error.ts'
import { problemWords } from './words-assets.ts'

/** One thing that is wrong with definitions, with words. */
export type ToldProblem = Problem & { readonly message: string }

/** What definitions say, in numbers. */
export interface AssetsSummary {
  readonly assets: number
  /** Keys that there are now, over all partitioned assets. */
  readonly keys: number
  readonly sites: number
  readonly externals: number
}

/** What `checkAssets` gives. */
export interface AssetsCheckOutcome {
  /** The file of definitions, as people name it. */
  readonly file: string
  /** In the order of the file. */
  readonly problems: readonly ToldProblem[]
  /** What could not be looked at, in words. */
  readonly warnings: readonly string[]
  /** Null where something is wrong. */
  readonly summary: AssetsSummary | null
  /** 1 where something is wrong. */
  readonly exitCode: number
}

/**
 * Proves the definitions that hold at `path`, as `waybill assets check`: nothing runs, except a trusted `waybill.config.ts`
 * and one question to Slurm where an asset runs there.
 * @throws WaybillError where there is no dataset, nothing that defines, or code that is not trusted.
 */
export async function checkAssets(path = '.', options: AssetsOptions = {}): Promise<AssetsCheckOutcome> {
  return withWords(async () => {
    const { file, read, warnings } = await loadAssets('checkAssets', path, options, { lookAtCluster: true })
    const problems = read.ok ? [] : told(read.failure)
    return {
      file,
      problems,
      warnings,
      summary: read.ok ? summaryOf(read.value, Date.now() / 1000) : null,
      exitCode: read.ok ? exitCode.ok : exitCode.trouble,
    }
  })
}

/** Problems with their words. */
export function told(problems: readonly Problem[]): readonly ToldProblem[] {
  return problems.map((problem) => ({ ...problem, message: problemWords(problem) }))
}

function summaryOf({ assets, sites, externals }: Definitions, now: number): AssetsSummary {
  const keys = [...assets.values()].reduce(
    (sum, { partitions }) => sum + (partitions === null ? 0 : keySpace(partitions, now).count),
    0,
  )
  return { assets: assets.size, keys, sites: sites.size, externals: externals.size }
}
