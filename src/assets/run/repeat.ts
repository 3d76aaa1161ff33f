import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { AssetFacts } from '../../job/asset-facts.ts'
import type { Context } from '../../job/context.ts'
import type { Note } from '../../job/note.ts'
import type { Repeating } from '../../job/reschedule/reschedule-request.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import type { Definitions } from '../definitions/definitions.ts'
import { closure, graphOf } from '../graph.ts'
import { lookAt } from '../look.ts'
import { requestFor } from './request.ts'

/**
 * The request that repeats the record of an asset's key, as one that makes this key: its versions are those of now, and its
 * payload is launched. It is none where the record's command is not what the definitions say by now; options of sbatch, and
 * what a user overrides of them, make no difference.
 */
export async function repeatAsAsset(
  context: Context,
  definitions: Definitions,
  { name, keys }: AssetFacts,
  request: Repeating,
): Promise<Fallible<Repeating, Note>> {
  const key = keys?.[0] ?? null
  const not = (why: (Note & { readonly kind: 'repeat-no-asset' })['why']): Fallible<never, Note> =>
    fail({ kind: 'repeat-no-asset', asset: name, key, why })
  if (keys !== null && keys.length !== 1) return not('many-keys')
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
    const index = view === undefined || key === null ? 0 : view.space.indexOf(key)
    if (view === undefined || index === null) return not('gone')
    const run = context.newToken().slice(-10)
    const made = requestFor(definitions, views, { view, index, attempt: 0 }, run)
    const words = site.scheduler === 'local' ? request.words : payloadLast(request.words)
    const isSame =
      site.scheduler === 'local'
        ? joinWords(words) === joinWords(made.words)
        : words.at(-2) === '--wrap' && words.at(-1) === made.words.at(-1)
    if (!isSame) continue
    const { inputs, outputs, asset: facts, launch } = made
    return ok({
      ...request,
      words,
      inputs,
      outputs,
      ...(facts === undefined ? {} : { asset: facts }),
      ...(launch === undefined ? {} : { launch }),
    })
  }
  return not('other-command')
}

/** Words of sbatch with `--wrap` behind all other options: overrides may stand after it, but no other payload. */
function payloadLast(words: readonly string[]): readonly string[] {
  const at = words.indexOf('--wrap')
  const rest = words.toSpliced(at, 2)
  return at < 0 || rest.some((word) => word.startsWith('--wrap')) ? [] : [...rest, ...words.slice(at, at + 2)]
}
