import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Overrides, Site } from '../assets/definitions/definitions.ts'
import { readRunSettings, type RunSettings } from '../assets/definitions/run-settings.ts'
import { settingsOf, type Settings } from '../assets/definitions/settings.ts'
import type { AssetView } from '../assets/look.ts'
import { freshBefore, type FreshAsset } from '../assets/fresh-before.ts'
import { asksForAll, makePlan, type PlanFailure, type Planned } from '../assets/make-plan.ts'
import type { Block } from '../assets/held-back.ts'
import type { PlannedAsset, StaleKeys } from '../assets/plan.ts'
import type { Reason } from '../assets/reason.ts'
import { piecesOf } from '../assets/run/pieces-of-job.ts'
import type { PieceId } from '../assets/run/book.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { JobLedger } from '../job/context.ts'
import type { Note } from '../job/note.ts'
import { calledName } from '../job/select.ts'
import { LedgerBroken } from '../ledger/broken.ts'
import { Ledger } from '../ledger/ledger.ts'
import { told, type ToldProblem } from './assets-check.ts'
import { checkArgument, checkOptions, flag, settings, text, texts } from './check-options.ts'
import { variables } from './environment.ts'
import { exitCode } from './exit-code.ts'
import { findAssets, keyOf, readAssets, type AssetsOptions } from './load-assets.ts'
import { bytes, duration } from './quantities.ts'
import { settingWords } from './words-assets.ts'
import { asWaybillError, errorOf, WaybillError, withWords } from './waybill-error.ts'
import {
  blockWords,
  isPlanFailure,
  levelWords,
  planFailureWords,
  reasonWords,
  sourceFailureWords,
  staleUpstreamWords,
} from './words-plan.ts'

/** What `planAssets` may be told. */
export interface PlanOptions extends AssetsOptions {
  /** Of partitioned assets only these keys: one, a range `A..B`, or several with commas between. */
  readonly partition?: string | undefined
  /** The site at which all would run, instead of their own. */
  readonly site?: string | undefined
  /** What is fresh would be made again, too. */
  readonly force?: boolean | undefined
  /** What a run would say for all its jobs: resources, and options of sbatch by their long names. */
  readonly set?: RunSettings | undefined
  /** Tell which level won for each resource, option and variable. */
  readonly explain?: boolean | undefined
}

/** Keys that would be made for one reason. */
export interface ToldStale {
  readonly reason: Reason
  /** The reason in words. */
  readonly message: string
  readonly count: number
  /** In the order of the keys: `gold`, or `gold..silver`; empty for an asset that has none. */
  readonly keys: readonly string[]
}

/** Keys that are not fresh, and are held back by something upstream. */
export interface ToldBlocked extends Omit<ToldStale, 'reason'> {
  readonly reason: Block
}

/** Keys that an open job makes: one that runs, or that nobody has finished yet. */
export interface ToldMaking extends Pick<ToldStale, 'count' | 'keys'> {
  /** The scheduler's id of the job, else ours (`w12`). */
  readonly job: string
}

/** A value of how an asset's jobs run, and who said it. */
export interface ToldSetting {
  /** `cpus`, `slurm.partition`, `env.SEED`. */
  readonly name: string
  readonly value: string
  readonly from: string
  /** The key that it is for; null: all others. */
  readonly key: string | null
}

/** What would become of one asset. */
export interface ToldAsset {
  readonly asset: string
  readonly site: string
  /** How many keys it has; null: it is made in one piece. */
  readonly keys: number | null
  /** How many of them were chosen; 1 for an asset without. */
  readonly chosen: number
  readonly fresh: number
  /** Empty: all that was chosen is fresh. */
  readonly stale: readonly ToldStale[]
  /** What is not fresh, and would not be made all the same. */
  readonly blocked: readonly ToldBlocked[]
  /** What open jobs make already. */
  readonly making: readonly ToldMaking[]
  /** Where `explain` was asked for. */
  readonly settings?: readonly ToldSetting[]
}

/** What `planAssets` gives. */
export interface PlanOutcome {
  /** The file of definitions, as people name it. */
  readonly file: string
  /** What is wrong with the definitions; then there is no plan. */
  readonly problems: readonly ToldProblem[]
  /** The chosen assets, each behind those that it needs. */
  readonly assets: readonly ToldAsset[]
  /** What is worth knowing besides, in words. */
  readonly notes: readonly string[]
  /** External sources whose state could not be told. */
  readonly failures: readonly { readonly source: string; readonly message: string }[]
  /** 1 where definitions are wrong, or a source could not be asked. */
  readonly exitCode: number
}

/**
 * Tells what would run, and why, as `waybill plan`: of the assets that `selection` means (nothing: all). Nothing runs, except
 * the commands that observe external sources, and a trusted `waybill.config.ts`.
 * @throws WaybillError where there is no dataset, nothing that defines, or the selection means nothing.
 */
export async function planAssets(
  selection: string | readonly string[] = '',
  path = '.',
  options: PlanOptions = {},
): Promise<PlanOutcome> {
  if (typeof selection !== 'string') checkArgument('planAssets', 'the selection', selection, texts)
  const { env, cwd, partition, site, force, explain, set, ...unknown } = options
  checkOptions(
    'planAssets',
    { env, cwd, partition, site, force, explain, set, ...unknown },
    { env: variables, cwd: text, partition: text, site: text, force: flag, explain: flag, set: settings },
  )
  const run = checkRunSettings(set)
  return withWords(async () => {
    const found = await findAssets('planAssets', path, { env, cwd })
    const { dataset } = found
    const asked = {
      selection: [selection].flat().join(' '),
      keys: partition ?? null,
      site: site ?? null,
      force: force === true,
    }
    const open = beingMade(dataset)
    const key = keyOf(found)
    if (key !== null && explain !== true && asksForAll(asked) && open.making.size === 0) {
      const assets = await freshBefore(dataset, found.file, key)
      if (assets !== null) return { ...toldFresh(assets), file: found.shown, notes: open.notes }
    }
    const loaded = await readAssets(found, { lookAtCluster: false }, key)
    const { file, read } = loaded
    const none = { file, problems: [], assets: [], notes: [], failures: [] }
    if (!read.ok) return { ...none, problems: told(read.failure), exitCode: exitCode.trouble }
    const definitions = read.value
    const made = await makePlan({
      dataset,
      definitions,
      ...asked,
      now: Date.now() / 1000,
      env: loaded.env,
      making: open.making,
    })
    if (!made.ok) throw planError(made.failure)
    const { notes, ...plan } = toldPlan(made.value, explain === true ? run : null)
    return { ...none, ...plan, notes: [...open.notes, ...notes] }
  })
}

/** A plan of which it was found out before that all is fresh. */
function toldFresh(assets: readonly FreshAsset[]): Omit<PlanOutcome, 'file' | 'notes'> {
  const fresh = assets.map(([asset, site, keys]): ToldAsset => {
    const chosen = keys ?? 1
    return { asset, site, keys, chosen, fresh: chosen, stale: [], blocked: [], making: [] }
  })
  return { assets: fresh, problems: [], failures: [], exitCode: exitCode.ok }
}

/** The keys that open jobs of this worktree make. Where the ledger cannot be read, say by another user, that is a note. */
function beingMade(dataset: Dataset): {
  readonly making: ReadonlyMap<PieceId, string>
  readonly notes: readonly string[]
} {
  const folder = join(dataset.commonDir, 'waybill')
  const making = new Map<PieceId, string>()
  // To ask is not to make one.
  if (!existsSync(join(folder, 'ledger.db'))) return { making, notes: [] }
  try {
    const ledger: JobLedger = new Ledger({ folder, shared: dataset.shared })
    try {
      for (const job of ledger.openJobsIn(dataset.root))
        for (const id of piecesOf(job)) making.set(id, calledName(job))
    } finally {
      ledger.close()
    }
    return { making, notes: [] }
  } catch (error) {
    const broken = error instanceof LedgerBroken ? asWaybillError(error) : error
    if (!(broken instanceof WaybillError)) throw broken
    return { making, notes: [`what open jobs make is not known: ${broken.message}`] }
  }
}

/**
 * What a run says for its jobs, as the level of settings that it is.
 * @throws WaybillError where nothing is called so, or a value cannot be.
 */
export function checkRunSettings(set: RunSettings = {}): Partial<Overrides> {
  const read = readRunSettings(set)
  if (read.ok) return read.value
  const { name, facts } = read.failure
  throw new WaybillError('bad-setting', `the run's setting ${settingWords(name, facts)}`)
}

/** Why there is no plan, as the error that ends the work. */
export function planError(failure: PlanFailure | Note): WaybillError {
  return isPlanFailure(failure) ? new WaybillError(failure.kind, planFailureWords(failure)) : errorOf(failure)
}

function toldPlan(
  { plan, look }: Planned,
  explain: Partial<Overrides> | null,
): Pick<PlanOutcome, 'assets' | 'notes' | 'failures' | 'exitCode'> {
  const assets = plan.assets.flatMap((planned): readonly ToldAsset[] => {
    const view = look.views.get(planned.name)
    return view === undefined ? [] : [toldAsset(planned, view, explain)]
  })
  const failures = look.failures.map((one) => ({ source: one.source, message: sourceFailureWords(one) }))
  return {
    assets,
    notes: plan.notes.map(staleUpstreamWords),
    failures,
    exitCode: failures.length === 0 ? exitCode.ok : exitCode.trouble,
  }
}

function toldAsset(
  { name, chosen, fresh, stale, blocked, making }: PlannedAsset,
  view: AssetView,
  explain: Partial<Overrides> | null,
): ToldAsset {
  const { asset, site, space } = view
  return {
    asset: name,
    site: site.name,
    keys: asset.partitions === null ? null : space.count,
    chosen,
    fresh,
    stale: stale.map(({ reason, ...keys }) => ({
      reason,
      message: reasonWords(reason),
      ...toldKeys(keys, view),
    })),
    blocked: blocked.map(({ reason, ...keys }) => ({
      reason,
      message: blockWords(reason),
      ...toldKeys(keys, view),
    })),
    making: making.map(({ job, ...keys }) => ({ job, ...toldKeys(keys, view) })),
    ...(explain === null ? {} : { settings: toldSettings(view, site, explain) }),
  }
}

function toldKeys(
  { ranges, count }: Omit<StaleKeys, 'reason'>,
  { asset, space }: AssetView,
): Pick<ToldStale, 'count' | 'keys'> {
  const keys = ranges.map(({ from, to }) => {
    const first = space.at(from).text
    return from === to ? first : `${first}..${space.at(to).text}`
  })
  return { count, keys: asset.partitions === null ? [] : keys }
}

/** What holds for all keys, then what differs for those that have something of their own. */
function toldSettings(
  { asset, space }: AssetView,
  site: Site,
  run: Partial<Overrides>,
): readonly ToldSetting[] {
  const common = listed(settingsOf(asset, site, null, run), null)
  const own = [...asset.byKey.keys()].flatMap((key) =>
    space.indexOf(key) === null
      ? []
      : listed(settingsOf(asset, site, key, run), key).filter(
          (one) =>
            !common.some(
              ({ name, value, from }) => name === one.name && value === one.value && from === one.from,
            ),
        ),
  )
  return [...common, ...own]
}

function listed({ resources, slurm, env }: Settings, key: string | null): readonly ToldSetting[] {
  const written = (name: string, value: number): string =>
    name === 'memory' ? bytes(value) : name === 'time' ? duration(value) : String(value)
  return [
    ...Object.entries(resources).map(([name, { value, from }]) => ({
      name,
      value: written(name, value),
      from: levelWords(from),
      key,
    })),
    ...[...slurm].map(([name, { value, from }]) => ({
      name: `slurm.${name}`,
      value: String(value),
      from: levelWords(from),
      key,
    })),
    ...[...env].map(([name, { value, from }]) => ({
      name: `env.${name}`,
      value: value.text,
      from: levelWords(from),
      key,
    })),
  ]
}
