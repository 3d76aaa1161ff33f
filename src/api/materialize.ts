import { freshBefore } from '../assets/fresh-before.ts'
import { asksForAll } from '../assets/make-plan.ts'
import { drive, type DriveStart } from '../assets/run/drive.ts'
import type { RunSettings } from '../assets/definitions/run-settings.ts'
import { isIdle } from '../assets/run/idle.ts'
import { parseRunName, runName } from '../contract/ids.ts'
import { relativeTo } from '../dataset/paths.ts'
import { told, type ToldProblem } from './assets-check.ts'
import { call, type CallOptions } from './call.ts'
import {
  callback,
  callChecks,
  checkArgument,
  checkOptions,
  flag,
  settings,
  text,
  texts,
} from './check-options.ts'
import { exitCode } from './exit-code.ts'
import { findAssets, keyOf, readAssets } from './load-assets.ts'
import { contextOf, type OpenDataset } from './open-dataset.ts'
import { checkRunSettings, planError } from './plan.ts'
import type { Outcome } from './result.ts'
import { errorOf, withWords } from './waybill-error.ts'
import { sourceFailureWords, staleUpstreamWords } from './words-plan.ts'

/** What `attach` may be told. */
export interface AttachOptions extends CallOptions {
  /** Called with the name of the run (`r7`) that is driven or watched, as soon as there is one. */
  readonly onRun?: ((run: string) => void) | undefined
}

/** What `materialize` may be told. */
export interface MaterializeOptions extends AttachOptions {
  /** Of partitioned assets only these keys: one, a range `A..B`, or several with commas between. */
  readonly partition?: string | undefined
  /** The site at which all runs, instead of their own. */
  readonly site?: string | undefined
  /** Make what is fresh, too. */
  readonly force?: boolean | undefined
  /** So many jobs, and tasks of arrays, at most run at once; default: as many as there are. */
  readonly jobs?: number | undefined
  /** Go on with what does not depend on what failed; default: nothing new is begun after a failure. */
  readonly keepGoing?: boolean | undefined
  /** For all jobs of this run: resources, and options of sbatch by their long names; stronger than what definitions say. */
  readonly set?: RunSettings | undefined
  /** Hand the whole graph to Slurm, and do not wait; default: jobs are submitted as what they need is there. */
  readonly detach?: boolean | undefined
}

/** What `materialize` and `attach` give. */
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
 * waits for the end; jobs outlive this process, and the same call, or `attach`, goes on with them. Where another process does
 * the same in this worktree, this one watches it.
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
    onRun: callback,
    partition: text,
    site: text,
    force: flag,
    jobs: jobCount,
    keepGoing: flag,
    detach: flag,
    set: settings,
  })
  checkRunSettings(options.set)
  if (options.detach === true && (options.jobs !== undefined || options.keepGoing !== undefined))
    throw new TypeError('materialize: detach has neither jobs nor keepGoing: Slurm decides about both')
  const request = {
    selection: [selection].flat().join(' '),
    keys: options.partition ?? null,
    site: options.site ?? null,
    force: options.force === true,
    jobs: options.jobs ?? null,
    keepGoing: options.keepGoing === true,
    ...(options.detach === true ? { detach: true } : {}),
    ...(options.set === undefined ? {} : { set: options.set }),
  }
  return driveRun('materialize', dataset, { kind: 'new', request }, options)
}

/**
 * Goes on with a run (`r7`) that was broken off, or begins one anew that is over; where another process drives it, watches.
 * As `waybill attach`.
 * @throws WaybillError where there is no such run, or nothing that defines.
 */
export async function attach(
  dataset: OpenDataset,
  run: string,
  options: AttachOptions = {},
): Promise<MaterializeOutcome> {
  checkArgument('attach', 'the run', run, text)
  checkOptions('attach', options, { ...callChecks, onRun: callback })
  const id = parseRunName(run)
  if (id === null) throw errorOf({ kind: 'no-such-run', run })
  return driveRun('attach', dataset, { kind: 'attach', run: id }, options)
}

async function driveRun(
  name: string,
  dataset: OpenDataset,
  start: DriveStart,
  options: AttachOptions,
): Promise<MaterializeOutcome> {
  const { cwd, env, dataset: place } = contextOf(dataset)
  const path = relativeTo(place.root, cwd) === null ? place.root : cwd
  const found = await withWords(async () => findAssets(name, path, { env, cwd }))
  const none = { file: found.shown, problems: [], notes: [], failures: [] }
  const key = await withWords(async () => keyOf(found))
  if (key !== null && start.kind === 'new' && asksForAll(start.request)) {
    const isFresh = (await freshBefore(place, found.file, key)) !== null
    const isDone = isFresh && (await withWords(async () => Promise.resolve(isIdle(contextOf(dataset)))))
    if (isDone) return { ...none, results: [], exitCode: exitCode.ok }
  }
  const { read } = await withWords(async () => readAssets(found, { lookAtCluster: false }, key))
  if (!read.ok) return { ...none, results: [], problems: told(read.failure), exitCode: exitCode.trouble }
  const done = await call(dataset, options, async (context, report) => {
    const onRun = (run: Parameters<typeof runName>[0]): void => options.onRun?.(runName(run))
    const driven = await drive(context, { definitions: read.value, env, onRun }, start, report)
    if (!driven.ok) throw planError(driven.failure)
    const { failures, notes } = driven.value
    return {
      notes: notes.map(staleUpstreamWords),
      failures: failures.map((one) => ({ source: one.source, message: sourceFailureWords(one) })),
    }
  })
  return { ...none, ...done, exitCode: done.failures.length > 0 ? exitCode.trouble : done.exitCode }
}
