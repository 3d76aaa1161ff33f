import { join, posix } from 'node:path'
import { ok, type Fallible } from '../contract/fallible.ts'
import type { DatasetFailure } from './failure.ts'
import { git, pieces } from './git.ts'
import type { Dataset } from './locate.ts'
import { isRepository } from './paths.ts'

/** A container image registered by datalad-container. Paths are relative to the root of the dataset that was asked. */
export interface Container {
  /** As `containers-list` shows it: of a subdataset `SUBMODULE/NAME`. */
  readonly name: string
  readonly image: string
  /** The dataset that registers it; `.` for the one that was asked. */
  readonly dataset: string
  /** How a command is run in it, with placeholders; null: the image itself is run. */
  readonly callFormat: string | null
  /** What else must be there, with placeholders, relative to the directory of the command. */
  readonly extraInputs: readonly string[]
}

/** What was found for a name. */
export interface ContainerSearch {
  readonly found: Container | null
  /** Names that were seen on the way. */
  readonly known: readonly string[]
  /** The path of a submodule that the name leads into and that is not checked out; else null. */
  readonly absent: string | null
}

/**
 * Looks a container up by its name as `containers-list` shows it, else by the path of its image, from
 * `datalad.containers.*` in `.datalad/config` and in git's configuration, which wins. Subdatasets are looked into where
 * the name leads there. Two git processes a dataset.
 */
export async function findContainer(
  dataset: Pick<Dataset, 'root' | 'env'>,
  name: string,
): Promise<Fallible<ContainerSearch, DatasetFailure>> {
  return search(dataset, '.', '', name)
}

async function search(
  dataset: Pick<Dataset, 'root' | 'env'>,
  at: string,
  prefix: string,
  wanted: string,
): Promise<Fallible<ContainerSearch, DatasetFailure>> {
  const place = { root: join(dataset.root, at), env: dataset.env }
  const [own, above] = await Promise.all([
    entriesOf(place, '^datalad\\.containers\\.', ['--file', '.datalad/config']),
    entriesOf(place, '^datalad\\.containers\\.'),
  ])
  if (!own.ok) return own
  if (!above.ok) return above
  const containers = containersOf(at, prefix, new Map([...own.value, ...above.value]))
  const known = containers.map(({ name }) => name)
  const byPath = (one: Container): boolean => at === '.' && one.image === posix.normalize(wanted)
  const found = containers.find(({ name }) => name === prefix + wanted) ?? containers.find(byPath) ?? null
  if (found !== null || !wanted.includes('/')) return ok({ found, known, absent: null })
  const submodules = await submodulesOf(place)
  if (!submodules.ok) return submodules
  for (const { name, path } of submodules.value) {
    if (!wanted.startsWith(`${name}/`)) continue
    const below = posix.join(at, path)
    if (!isRepository(join(dataset.root, below))) return ok({ found: null, known, absent: below })
    const deeper = await search(dataset, below, `${prefix}${name}/`, wanted.slice(name.length + 1))
    if (!deeper.ok) return deeper
    if (deeper.value.found !== null || deeper.value.absent !== null) return deeper
    known.push(...deeper.value.known)
  }
  return ok({ found: null, known, absent: null })
}

/** `datalad.containers.NAME.ITEM`: a name holds no dot. One without an image is no container. */
function containersOf(
  at: string,
  prefix: string,
  entries: ReadonlyMap<string, readonly string[]>,
): readonly Container[] {
  const names = new Set([...entries.keys()].map((key) => key.split('.')[2] ?? ''))
  return [...names].flatMap((name) => {
    const all = (item: string): readonly string[] => entries.get(`datalad.containers.${name}.${item}`) ?? []
    const image = all('image').at(-1)
    if (image === undefined) return []
    return {
      name: prefix + name,
      image: image.startsWith('/') ? image : posix.join(at, image),
      dataset: at,
      callFormat: all('cmdexec').at(-1) ?? null,
      extraInputs: all('extra-input'),
    }
  })
}

/** The submodules of a dataset by name: names are what `containers-list` shows, and mostly the same as the paths. */
async function submodulesOf(
  place: Pick<Dataset, 'root' | 'env'>,
): Promise<Fallible<readonly { readonly name: string; readonly path: string }[], DatasetFailure>> {
  const entries = await entriesOf(place, '^submodule\\..*\\.path$', ['--file', '.gitmodules'])
  if (!entries.ok) return entries
  return ok(
    [...entries.value].flatMap(([key, paths]) => {
      const path = posix.normalize(paths.at(-1) ?? '')
      const name = key.slice('submodule.'.length, -'.path'.length)
      // `.gitmodules` is anybody's: nothing in it leads out of the dataset.
      return path.startsWith('../') || path === '..' || path.startsWith('/') ? [] : { name, path }
    }),
  )
}

/** `key LF value NUL`: all values of each key, in order. A file that is not there holds none. */
async function entriesOf(
  place: Pick<Dataset, 'root' | 'env'>,
  pattern: string,
  from: readonly string[] = [],
): Promise<Fallible<ReadonlyMap<string, readonly string[]>, DatasetFailure>> {
  const listed = await git(place, ['config', '-z', ...from, '--get-regexp', pattern], { normal: [1] })
  if (!listed.ok) return listed
  const entries = pieces(listed.value.stdout).map((piece) => {
    const end = piece.indexOf('\n')
    return end < 0 ? { key: piece, value: 'true' } : { key: piece.slice(0, end), value: piece.slice(end + 1) }
  })
  const byKey = Map.groupBy(entries, ({ key }) => key)
  return ok(new Map([...byKey].map(([key, values]) => [key, values.map(({ value }) => value)])))
}
