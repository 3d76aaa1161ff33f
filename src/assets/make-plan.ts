import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { EpochSeconds } from '../contract/ids.ts'
import type { Dataset } from '../dataset/locate.ts'
import type { Note } from '../job/note.ts'
import { withChangedInputs } from './changed-inputs.ts'
import { chooseKeys, type ChoiceFailure } from './choose.ts'
import type { Definitions, Site } from './definitions/definitions.ts'
import { nearest } from '../contract/nearest.ts'
import { keepFresh } from './fresh-before.ts'
import { closure, graphOf } from './graph.ts'
import { lookAt, type Look } from './look.ts'
import { planOf, type Plan } from './plan.ts'
import type { PieceId } from './run/book.ts'
import { select, type SelectionFailure } from './selection.ts'
import { asksForStale, parseSelection, type SyntaxFailure } from './selection-syntax.ts'

/** What a plan is asked for. */
export interface PlanRequest {
  readonly dataset: Dataset
  readonly definitions: Definitions
  /** In the language of selections; empty: everything. */
  readonly selection: string
  /** Keys of partitioned assets (`selectKeys`); null: all. */
  readonly keys: string | null
  /** The site at which all would run; null: their own. */
  readonly site: string | null
  readonly force: boolean
  readonly now: EpochSeconds
  readonly env: Readonly<Record<string, string>>
  /** Keys that open jobs make, and what people call the job. */
  readonly making?: ReadonlyMap<PieceId, string>
}

/** Why there is no plan. */
export type PlanFailure =
  | SyntaxFailure
  | SelectionFailure
  | ChoiceFailure
  | { readonly kind: 'no-such-site'; readonly name: string; readonly nearest: string | null }

/** A plan, and the look at the assets that it was made by. */
export interface Planned {
  readonly plan: Plan
  readonly look: Look
}

/** Looks at what was selected, and all that lies upstream of it, and tells what would run. */
export async function makePlan(request: PlanRequest): Promise<Fallible<Planned, PlanFailure | Note>> {
  const { dataset, definitions, now, force, making = new Map() } = request
  const selection = parseSelection(request.selection)
  if (!selection.ok) return selection
  const site = request.site === null ? null : (definitions.sites.get(request.site) ?? null)
  if (request.site !== null && site === null) {
    const meant = nearest(request.site, definitions.sites.keys())
    return fail({ kind: 'no-such-site', name: request.site, nearest: meant })
  }
  const needsStale = asksForStale(selection.value)
  // What is stale only a look at everything tells.
  const first = select(definitions, selection.value, new Set())
  if (!first.ok) return first
  const isAll = needsStale || first.value.length === definitions.order.length
  const names = isAll
    ? new Set(definitions.order)
    : closure(graphOf(definitions.assets).needs, first.value, Infinity)
  const chosen = new Set(first.value)
  // What is not selected stays where it was made.
  const siteFor = (name: string): Site | null => (needsStale || chosen.has(name) ? site : null)
  const look = await lookAt({ dataset, definitions, now, env: request.env, names, siteFor })
  if (!look.ok) return look
  const { views } = look.value
  const selected = needsStale
    ? select(definitions, selection.value, staleOf(definitions, look.value, making))
    : first
  if (!selected.ok) return selected
  // What is fresh by now is not selected any more, and its keys are known all the same.
  const known = needsStale ? definitions.order : selected.value
  const assets = chooseKeys(definitions, selected.value, request.keys, now, known)
  if (!assets.ok) return assets
  const plan = await withChangedInputs(
    dataset,
    look.value,
    planOf(views, { assets: assets.value, force, making }),
  )
  if (!plan.ok) return plan
  if (asksForAll(request) && isAllFresh(plan.value, look.value))
    keepFresh(dataset, definitions, look.value, now)
  return ok({ plan: plan.value, look: look.value })
}

/** Whether nothing but everything, as the definitions have it, is asked for. */
export function asksForAll({
  selection,
  keys,
  site,
  force,
}: Pick<PlanRequest, 'selection' | 'keys' | 'site' | 'force'>): boolean {
  return selection.trim() === '' && keys === null && site === null && !force
}

function isAllFresh({ assets, notes }: Plan, { failures }: Look): boolean {
  return notes.length === 0 && failures.length === 0 && assets.every(({ chosen, fresh }) => fresh === chosen)
}

/** What is not fresh, or is being made. */
function staleOf(
  { order }: Definitions,
  { views }: Look,
  making: ReadonlyMap<PieceId, string>,
): ReadonlySet<string> {
  const everything = new Map(order.map((name) => [name, null]))
  const { assets } = planOf(views, { assets: everything, force: false, making })
  return new Set(assets.flatMap(({ name, chosen, fresh }) => (fresh < chosen ? [name] : [])))
}
