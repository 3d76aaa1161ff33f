import { drive } from '../assets/run/drive.ts'
import { relativeTo } from '../dataset/paths.ts'
import { told, type ToldProblem } from './assets-check.ts'
import { call, type CallOptions } from './call.ts'
import { callChecks, checkArgument, checkOptions, flag, text, texts } from './check-options.ts'
import { exitCode } from './exit-code.ts'
import { loadAssets } from './load-assets.ts'
import { contextOf, type OpenDataset } from './open-dataset.ts'
import { planError } from './plan.ts'
import type { Outcome } from './result.ts'
import { withWords } from './waybill-error.ts'
import { sourceFailureWords, staleUpstreamWords } from './words-plan.ts'

/** What `materialize` may be told. */
export interface MaterializeOptions extends CallOptions {
  /** Of partitioned assets only these keys: one, a range `A..B`, or several with commas between. */
  readonly partition?: string | undefined
  /** The site at which all runs, instead of their own. */
  readonly site?: string | undefined
  /** Make what is fresh, too. */
  readonly force?: boolean | undefined
  /** So many jobs at most are open at once; default: as many as there are. */
  readonly jobs?: number | undefined
  /** Go on with what does not depend on what failed; default: nothing new is begun after a failure. */
  readonly keepGoing?: boolean | undefined
}

/** What `materialize` gives. */
export interface MaterializeOutcome extends Outcome {
  /** The file of definitions, as people name it. */
  readonly file: string
  /** What is wrong with the definitions; then nothing was made. */
  readonly problems: readonly ToldProblem[]
  /** What is worth knowing besides, in words. */
  readonly notes: readonly string[]
  /** External sources whose state could not be told. */
  readonly failures: readonly { readonly source: string; readonly message: string }[]
}

const jobCount = (value: unknown): string | null =>
  Number.isInteger(value) && Number(value) > 0 ? null : 'a whole number above 0'

/**
 * Makes what is not fresh of the assets that `selection` means (nothing: all), and records it, as `waybill materialize`. It
 * waits for the end; jobs outlive this process, and the same call goes on with them.
 * @throws WaybillError where there is nothing that defines, or the selection means nothing.
 */
export async function materialize(
  dataset: OpenDataset,
  selection: string | readonly string[] = '',
  options: MaterializeOptions = {},
): Promise<MaterializeOutcome> {
  if (typeof selection !== 'string') checkArgument('materialize', 'the selection', selection, texts)
  checkOptions('materialize', options, {
    ...callChecks,
    partition: text,
    site: text,
    force: flag,
    jobs: jobCount,
    keepGoing: flag,
  })
  const { cwd, env, dataset: place } = contextOf(dataset)
  const path = relativeTo(place.root, cwd) === null ? place.root : cwd
  const loaded = await withWords(async () =>
    loadAssets('materialize', path, { env, cwd }, { lookAtCluster: false }),
  )
  const { file, read } = loaded
  const none = { file, problems: [], notes: [], failures: [] }
  if (!read.ok) return { ...none, results: [], problems: told(read.failure), exitCode: exitCode.trouble }
  const done = await call(dataset, options, async (context, report) => {
    const driven = await drive(
      context,
      {
        definitions: read.value,
        selection: [selection].flat().join(' '),
        keys: options.partition ?? null,
        site: options.site ?? null,
        force: options.force === true,
        env,
        jobs: options.jobs ?? null,
        keepGoing: options.keepGoing === true,
      },
      report,
    )
    if (!driven.ok) throw planError(driven.failure)
    const { failures, notes } = driven.value
    return {
      notes: notes.map(staleUpstreamWords),
      failures: failures.map((one) => ({ source: one.source, message: sourceFailureWords(one) })),
    }
  })
  return { ...none, ...done, exitCode: done.failures.length > 0 ? exitCode.trouble : done.exitCode }
}
