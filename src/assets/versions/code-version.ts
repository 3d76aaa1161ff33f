import type { Asset, Json, Site } from '../definitions/definitions.ts'
import { settingsOf } from '../definitions/settings.ts'
import type { Template } from '../definitions/template.ts'
import { versionOf, type PerKey, type Version } from './version.ts'

/** Contents of files as they are now, by their names in commands: an identity, or that it is not there. */
export type FileContents = ReadonlyMap<string, string>

/**
 * The version of what makes an asset at a site, for a key of its overrides (null: all other keys): the command as it is
 * written, contents of the files that it names, all levels of the environment, and what reaches the payload besides.
 * Resources and options of sbatch make no difference, nor do checks: the result is the same.
 */
export function codeVersionOf(
  asset: Pick<Asset, 'run' | 'extras' | 'own' | 'bySite' | 'byKey'>,
  site: Site,
  key: string | null,
  files: readonly string[],
  contents: FileContents,
): Version {
  // Mostly nothing differs by site and key: the levels need not be weighed.
  const isPlain = asset.bySite.size === 0 && (key === null || asset.byKey.size === 0)
  const env = isPlain
    ? [...asset.own.env]
    : [...settingsOf(asset, site, key).env].map(([name, { value }]) => [name, value] as const)
  return versionOf([
    ...commandTexts(asset.run),
    'files',
    ...files.flatMap((file) => [file, contents.get(file) ?? 'absent']),
    'env',
    ...env.toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, { text }]) => [name, text]),
    'extras',
    ...(Object.keys(asset.extras).length === 0 ? [] : [canonical(asset.extras)]),
  ])
}

/** The code versions of an asset: one, unless the environment of some key differs. */
export function codeVersions(
  asset: Pick<Asset, 'run' | 'extras' | 'own' | 'bySite' | 'byKey'>,
  site: Site,
  space: { readonly count: number; readonly indexOf: (text: string) => number | null },
  files: readonly string[],
  contents: FileContents,
): PerKey {
  const common = codeVersionOf(asset, site, null, files, contents)
  if (asset.byKey.size === 0) return common
  const own = [...asset.byKey].flatMap(([key, { env }]): readonly (readonly [number, Version])[] => {
    const index = env.size === 0 ? null : space.indexOf(key)
    return index === null ? [] : [[index, codeVersionOf(asset, site, key, files, contents)]]
  })
  if (own.every(([, version]) => version === common)) return common
  const versions = Array.from({ length: space.count }, () => common)
  for (const [index, version] of own) versions[index] = version
  return versions
}

function commandTexts(run: Asset['run']): readonly string[] {
  const texts = (templates: readonly Template[]): readonly string[] => templates.map(({ text }) => text)
  switch (run.kind) {
    case 'shell':
      return [run.kind, run.line.text]
    case 'bash':
    case 'python':
      return [run.kind, run.file, ...texts(run.args)]
    case 'exec':
      return [run.kind, ...texts(run.words)]
  }
}

/** JSON in which the order of names makes no difference. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}
