import { posix } from 'node:path'
import { fileStatus } from '../../dataset/file-status.ts'
import { hasWildcard } from '../../dataset/paths.ts'
import { walk } from '../../dataset/walk.ts'
import type { DeclaredCheck } from '../../job/checks/declared.ts'
import type { ScheduleRequest } from '../../job/schedule/request.ts'
import type { CheckWork } from '../../launcher/folder.ts'
import { quoteWord } from '../../provenance/shell-words.ts'
import type { Asset, Check, Definitions } from '../definitions/definitions.ts'
import { environmentFor, pathsFor } from '../definitions/filled.ts'
import type { Resources } from '../definitions/resources.ts'
import { commandOf } from '../definitions/run-spec.ts'
import { settingsOf, type Settings } from '../definitions/settings.ts'
import { factsOf, type AssetView } from '../look.ts'
import { pipesContext } from './pipes-context.ts'
import { sbatchOptions } from './slurm-words.ts'

/** One key of an asset that is to be made (of one without keys: place 0), and for which time in this run, from 0. */
export interface Piece {
  readonly view: AssetView
  readonly index: number
  readonly attempt: number
}

/**
 * The job that makes a piece: in words that anybody can run again by hand, and with the payload that is launched in their
 * place. It runs in the folder of the definitions. `views` hold all that lies upstream.
 */
export function requestFor(
  { root, folder, prefix }: Pick<Definitions, 'root' | 'folder' | 'prefix'>,
  views: ReadonlyMap<string, AssetView>,
  { view, index, attempt }: Piece,
  run: string,
): ScheduleRequest {
  const { asset, site, space } = view
  const key = asset.partitions === null ? null : space.at(index)
  const settings = grown(asset, site, key?.text ?? null, attempt)
  const command = commandOf(asset.run, key)
  const env = { ...environmentFor(settings, key), ...command.env }
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  // A single word would be taken for a line of shell.
  const words =
    assignments.length === 0 && command.words.length > 1
      ? command.words
      : ['env', ...assignments, ...command.words]
  const fromFolder = (path: string): string => literal(prefix === '' ? path : posix.relative(prefix, path))
  return {
    words: (site.scheduler === 'local'
      ? words
      : [
          'sbatch',
          ...(settings.slurm.has('job-name') ? [] : [`--job-name=${asset.name}`]),
          ...sbatchOptions(settings),
          '--wrap',
          words.map(quoteWord).join(' '),
        ]
    ).map(literal),
    inputs: [...new Set([...pathsFor(asset.inputs, key), ...madeUpstream(root, views, view, index)])].map(
      fromFolder,
    ),
    outputs: pathsFor(asset.outputs, key).map(fromFolder),
    message: `asset ${asset.name}${key === null ? '' : `: ${key.text}`}`,
    dryRun: null,
    scheduler: site.scheduler,
    array: null,
    after: [],
    freshOutputs: false,
    reserveAll: false,
    assumeReady: null,
    expand: null,
    checkOutputs: true,
    altDir: null,
    keepAltDir: false,
    container: null,
    transfers: null,
    readStdin: null,
    repeat: null,
    asset: factsOf(view, [index], run),
    checks: asset.checks.map(declaredCheck),
    launch: {
      cwd: folder,
      words: command.words,
      env,
      context: pipesContext(view, index, run, attempt),
      checks: asset.checks.flatMap((check): readonly CheckWork[] =>
        check.kind === 'run'
          ? [{ words: commandOf(check.run, key).words, env: { WAYBILL_CHECK: check.name } }]
          : [],
      ),
    },
  }
}

function declaredCheck(check: Check): DeclaredCheck {
  const { name, blocking } = check
  return check.kind === 'run'
    ? { kind: 'run', name, blocking }
    : { kind: 'metric', name, blocking, condition: check.metric }
}

/** A text in which braces are no placeholders: requests and records read them as DataLad does. */
function literal(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

/** The settings of an attempt: what `grow` names is multiplied each time. */
function grown(asset: Asset, site: AssetView['site'], key: string | null, attempt: number): Settings {
  const first = settingsOf(asset, site, key)
  if (attempt === 0) return first
  const { grow } = asset.retry
  const resources: { -readonly [Name in keyof Resources]: Resources[Name] } = {}
  for (const name of ['cpus', 'memory', 'time'] as const) {
    const before = first.resources[name]?.value
    if (before !== undefined) resources[name] = Math.ceil(before * grow[name] ** attempt)
  }
  return settingsOf(asset, site, key, { resources })
}

/** The outputs of those keys upstream that a key is made of, as far as they are there. */
function madeUpstream(
  root: string,
  views: ReadonlyMap<string, AssetView>,
  { maps }: AssetView,
  index: number,
): readonly string[] {
  return [...maps].flatMap(([name, map]) => {
    const other = views.get(name)
    const group = map.groupOf(index)
    if (other === undefined || group < 0) return []
    const { asset, space } = other
    const paths = [...map.upstreamOf(group)].flatMap((at) =>
      pathsFor(asset.outputs, asset.partitions === null ? null : space.at(at)),
    )
    return [...new Set(paths)].filter((path) => isThere(root, path))
  })
}

function isThere(root: string, path: string): boolean {
  if (!hasWildcard(path)) return fileStatus(`${root}/${path.replaceAll(/\[([*?[])\]/g, '$1')}`) !== undefined
  return walk(root, [{ path, directory: false, pattern: true }]).next().done !== true
}
