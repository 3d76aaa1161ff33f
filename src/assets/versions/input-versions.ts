import type { Fallible } from '../../contract/fallible.ts'
import { ok } from '../../contract/fallible.ts'
import { walk } from '../../dataset/walk.ts'
import type { Context } from '../../job/context.ts'
import { identify } from '../../job/inputs.ts'
import type { Note } from '../../job/note.ts'
import type { InputIdentity } from '../../job/spec.ts'
import { hasWildcard } from '../../dataset/paths.ts'
import type { Asset } from '../definitions/definitions.ts'
import { pathsFor } from '../definitions/filled.ts'
import type { KeySpace } from '../definitions/key-space.ts'
import { dimensionsOf, fillTemplate } from '../definitions/template.ts'
import { perKey, versionOf, type PerKey, type Version } from './version.ts'

/** Files on disk now: the paths below what patterns name, and what each file is. */
export interface FilesNow {
  /** The files at and below a root-relative pattern; one that names nothing is missing itself. */
  readonly filesOf: (pattern: string) => readonly string[]
  readonly identityOf: (path: string) => string
}

/** What a file is, as one text: of whichever kind of identity it has. */
export function identityText(identity: InputIdentity | undefined): string {
  if (identity === undefined) return 'absent'
  const { key, blob, commit, modified, size, mtime } = identity
  if (key !== undefined) return `key ${key}`
  if (blob !== undefined) return `blob ${blob}`
  if (commit !== undefined) return `commit ${commit}${modified ? ' modified' : ''}`
  return size === undefined ? 'absent' : `size ${size} ${mtime ?? ''}`
}

/** Looks at all files that these patterns name, and at some more by their paths (absolute: outside), together. */
export async function filesNow(
  context: Pick<Context, 'dataset'>,
  patterns: Iterable<string>,
  more: Iterable<string>,
): Promise<Fallible<FilesNow, Note>> {
  const files = new Map<string, readonly string[]>()
  for (const pattern of patterns) {
    if (files.has(pattern)) continue
    files.set(pattern, filesBelow(context.dataset.root, pattern))
  }
  const all = new Set([...[...files.values()].flat(), ...more])
  const identified = all.size === 0 ? ok([]) : await identify(context, [...all])
  if (!identified.ok) return identified
  const known = new Map(identified.value.map((one) => [one.path, identityText(one)]))
  return ok({
    filesOf: (pattern) => files.get(pattern) ?? [],
    identityOf: (path) => known.get(path) ?? 'absent',
  })
}

/** The files, links and repositories at and below a root-relative pattern. */
export function filesBelow(root: string, pattern: string): readonly string[] {
  const target = { path: pattern, directory: false, pattern: /[*?[]/.test(pattern) }
  return [...walk(root, [target])].flatMap(({ kind, path }) =>
    kind === 'file' || kind === 'symlink' || kind === 'repository' ? [path] : [],
  )
}

/** The patterns of all inputs of an asset, those of each key once. */
export function* inputPatterns({ inputs }: Pick<Asset, 'inputs'>, space: KeySpace): Generator<string> {
  for (const template of inputs) {
    if (dimensionsOf(template).size === 0) yield fillTemplate(template, {})
    else for (let i = 0; i < space.count; i++) yield* pathsFor([template], space.at(i))
  }
}

/** Of most assets; made when it is first asked for, since few commands load what it takes. */
let ofNothing: Version | null = null

/** The version of an asset's inputs as they lie on disk: one, unless inputs are named by key. */
export function inputVersions({ inputs }: Pick<Asset, 'inputs'>, space: KeySpace, files: FilesNow): PerKey {
  if (inputs.length === 0) return (ofNothing ??= versionOf([]))
  const common = inputs.filter((template) => dimensionsOf(template).size === 0)
  if (common.length === inputs.length) return inputVersionOf(pathsFor(inputs, null), files)
  return perKey(
    Array.from({ length: space.count }, (_, i) => inputVersionOf(pathsFor(inputs, space.at(i)), files)),
  )
}

/** The version of what these patterns name: all files with their contents, and that one names none. */
function inputVersionOf(patterns: readonly string[], files: FilesNow): Version {
  return versionOf(
    patterns.flatMap((pattern) => {
      const paths = files.filesOf(pattern)
      if (paths.length === 0 && !hasWildcard(pattern)) return [pattern, 'absent']
      return paths.flatMap((path) => [path, files.identityOf(path)])
    }),
  )
}
