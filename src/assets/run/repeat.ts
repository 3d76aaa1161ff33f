import { arrayInWords } from '../../contract/array-spec.ts'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { AssetFacts } from '../../job/asset-facts.ts'
import type { Context } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import type { Repeating } from '../../job/reschedule/reschedule-request.ts'
import type { ScheduleRequest } from '../../job/schedule/request.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import type { Definitions } from '../definitions/definitions.ts'
import type { AssetView } from '../look.ts'
import { closure, graphOf } from '../graph.ts'
import { lookAt } from '../look.ts'
import type { Group } from './group-pieces.ts'
import { settingsOfPieces } from './piece-settings.ts'
import { requestFor } from './request.ts'

/**
 * The request that repeats the record of keys of an asset, or of some tasks of it, as one that makes these: their versions
 * are those of now, and their payloads are launched. It is none where the record's command is not what the definitions say by
 * now; options of sbatch, and what a user overrides of them, make no difference.
 */
export async function repeatAsAsset(
  context: Context,
  definitions: Definitions,
  { name, keys }: AssetFacts,
  request: Repeating,
): Promise<Fallible<Repeating, Note>> {
  const not = (why: (Note & { readonly kind: 'repeat-no-asset' })['why']): Fallible<never, Note> =>
    fail({ kind: 'repeat-no-asset', asset: name, keys, why })
  const asset = definitions.assets.get(name)
  if (asset === undefined || (asset.partitions === null) !== (keys === null)) return not('gone')
  if (request.altDir !== null || context.cwd !== definitions.folder) return not('elsewhere')
  const own = asset.site ?? definitions.defaultSite
  const sites = [...definitions.sites.values()]
    .filter(({ scheduler }) => scheduler === (request.scheduler ?? 'slurm'))
    .toSorted((a, b) => Number(b.name === own) - Number(a.name === own))
  const names = closure(graphOf(definitions.assets).needs, [name], Infinity)
  const { dataset, env } = context
  // Variables may differ by site, so the command tells which it is.
  for (const site of sites) {
    const siteFor = (one: string): typeof site | null => (one === name ? site : null)
    const look = await lookAt({ dataset, definitions, now: context.now(), env, names, siteFor })
    if (!look.ok) return look
    const { views } = look.value
    const view = views.get(name)
    const group = view === undefined ? null : groupOf(view, keys)
    if (view === undefined || group === null) return not('gone')
    const run = context.newToken().slice(-10)
    const requestOf = (pieces: Group): ScheduleRequest =>
      requestFor(definitions, dataset.objectFormat, views, pieces, settingsOfPieces()(pieces[0]), run)
    const made = requestOf(group)
    const words = site.scheduler === 'local' || group.length > 1 ? request.words : payloadLast(request.words)
    const isSame =
      site.scheduler === 'local'
        ? joinWords(words) === joinWords(made.words)
        : words.at(-1) === made.words.at(-1) && (group.length > 1 || words.at(-2) === '--wrap')
    const tasks = isSame ? tasksAsked(words, group) : null
    if (tasks === null) continue
    const { asset: facts, extraInputs = [], launch, checks, weight } = made
    const { inputs, outputs, patterns } = tasks.length === group.length ? made : requestOf(tasks)
    return ok({
      ...request,
      words,
      inputs,
      extraInputs,
      outputs,
      ...(patterns === undefined ? {} : { patterns }),
      ...(group.length === 1 ? {} : { outputsPerTask: asset.outputs.length }),
      ...(facts === undefined ? {} : { asset: facts }),
      ...(launch === undefined ? {} : { launch }),
      ...(checks === undefined ? {} : { checks }),
      ...(weight === undefined ? {} : { weight }),
    })
  }
  return not('other-command')
}

/** The pieces of some keys; null where there is no such key now. */
function groupOf(view: AssetView, keys: readonly string[] | null): Group | null {
  const places = keys === null ? [0] : keys.map((key) => view.space.indexOf(key))
  const [first, ...rest] = places.flatMap((index) => (index === null ? [] : [{ view, index, attempt: 0 }]))
  return first === undefined || rest.length + 1 < places.length ? null : [first, ...rest]
}

/** Those pieces of a group that the words ask for as tasks: the last `--array` counts. Null: others, too. */
function tasksAsked(words: readonly string[], group: Group): Group | null {
  if (group.length === 1) return group
  const { indices = [] } = arrayInWords(words) ?? {}
  const [first, ...rest] = indices.map((task) => group[task])
  if (first === undefined) return null
  const others = rest.flatMap((piece) => piece ?? [])
  return others.length === rest.length ? [first, ...others] : null
}

/** Words of sbatch with `--wrap` behind all other options: overrides may stand after it, but no other payload. */
function payloadLast(words: readonly string[]): readonly string[] {
  const at = words.indexOf('--wrap')
  const rest = words.toSpliced(at, 2)
  return at < 0 || rest.some((word) => word.startsWith('--wrap')) ? [] : [...rest, ...words.slice(at, at + 2)]
}
