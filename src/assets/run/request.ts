import { posix } from 'node:path'
import { blobId } from '../../dataset/blob-id.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { hasWildcard } from '../../dataset/paths.ts'
import { walk } from '../../dataset/walk.ts'
import type { AssetFacts } from '../../job/asset-facts.ts'
import type { DeclaredCheck } from '../../job/checks/declared.ts'
import type { InGraph, ScheduleRequest } from '../../job/schedule/request.ts'
import { scriptCopyPath } from '../../job/script-path.ts'
import type { CheckWork, TaskWork } from '../../launcher/folder.ts'
import { quoteWord } from '../../provenance/shell-words.ts'
import type { Asset, Check, Definitions } from '../definitions/definitions.ts'
import { environmentFor, pathsFor } from '../definitions/filled.ts'
import type { PartitionKey } from '../definitions/key-space.ts'
import { commandOf } from '../definitions/run-spec.ts'
import type { Settings } from '../definitions/settings.ts'
import { fillTemplate, type Template } from '../definitions/template.ts'
import { factsOf, type AssetView } from '../look.ts'
import { perKey, versionAt, type Version } from '../versions/version.ts'
import { arrayScript, assignments } from './array-script.ts'
import { pieceAt, type PieceId } from './book.ts'
import type { Group } from './group-pieces.ts'
import type { Piece } from './piece-settings.ts'
import { pipesContext } from './pipes-context.ts'
import { weightOf } from './weights.ts'
import { sbatchOptions } from './slurm-words.ts'

/** Where the request is made: what of definitions is needed for it. */
type Place = Pick<Definitions, 'root' | 'folder' | 'prefix'>

/**
 * The job that makes a piece, or the array that makes several: in words that anybody can run again by hand, and with the
 * payloads that are launched in their place. It runs in the folder of the definitions. `views` hold all that lies upstream.
 */
export function requestFor(
  { root, folder, prefix }: Place,
  objectFormat: 'sha1' | 'sha256',
  views: ReadonlyMap<string, AssetView>,
  group: Group,
  settings: Settings,
  run: string,
  { graph = null, atOnce = null }: HowSubmitted = {},
): ScheduleRequest {
  const [{ view }] = group
  const { asset, site } = view
  const keys = group.map((piece) => keyOf(piece))
  const fromFolder = (path: string): string => literal(prefix === '' ? path : posix.relative(prefix, path))
  const common = commonEnvironment(settings, group)
  const script = group.length === 1 ? null : scriptOf(objectFormat, common, commands(group, settings, common))
  const options = [
    ...(settings.slurm.has('job-name') ? [] : [`--job-name=${asset.name}`]),
    ...(script === null ? [] : [`--array=0-${group.length - 1}${atOnce === null ? '' : `%${atOnce}`}`]),
    ...sbatchOptions(settings),
  ]
  const words = wordsByHand(commandOf(asset.run, keys[0] ?? null).words, common)
  const weight = site.scheduler === 'local' ? weightOf(settings) : null
  const inputs = keys.flatMap((key) => pathsFor(asset.inputs, key))
  return {
    words:
      script !== null
        ? [...['sbatch', ...options].map(literal), fromFolder(script.path)]
        : (site.scheduler === 'local'
            ? words
            : ['sbatch', ...options, '--wrap', words.map(quoteWord).join(' ')]
          ).map(literal),
    inputs: [...new Set([...inputs, ...madeUpstream(root, views, group, graph)])].map(fromFolder),
    extraInputs: view.files.map((file) => file.replaceAll(/[*?[]/g, '[$&]')),
    outputs: keys.flatMap((key) => pathsFor(asset.outputs, key)).map(fromFolder),
    ...(script === null
      ? {}
      : { outputsPerTask: asset.outputs.length, patterns: patternsOf(views, view, fromFolder) }),
    message: `asset ${asset.name}${namesOf(keys)}`,
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
    asset: withLater(
      factsOf(
        view,
        group.map(({ index }) => index),
        run,
      ),
      group,
      graph,
    ),
    ...(graph === null ? {} : { inGraph: graph.said }),
    ...(weight === null ? {} : { weight }),
    checks: asset.checks.map(declaredCheck),
    launch: {
      cwd: folder,
      env: common,
      tasks: commands(
        group,
        settings,
        common,
        ({ index, attempt }) => pipesContext(view, index, run, attempt),
        // What waits for it is held back by its exit code alone: nobody is there to look at its checks.
        graph !== null,
      ),
      script,
    },
  }
}

/** What is special about a submission. */
interface HowSubmitted {
  readonly graph?: GraphPlace | null
  /** So many tasks of an array run at once; null: all. */
  readonly atOnce?: number | null
}

/** The place of a job in a graph that is submitted as a whole. */
export interface GraphPlace {
  readonly said: InGraph
  /** Whether a key upstream is still to be made. */
  readonly isLater: (piece: PieceId) => boolean
  /** What stands for the version of what a key needs of an asset upstream; null: all of it is there. */
  readonly laterOf: (name: string, index: number) => Version | null
}

/** What is made of something that is still to be made says of which jobs. */
function withLater(facts: AssetFacts, group: Group, graph: GraphPlace | null): AssetFacts {
  if (graph === null) return facts
  const upstream = Object.entries(facts.upstream).map(([name, versions]) => {
    const own = group.map(({ index }, i) => graph.laterOf(name, index) ?? versionAt(versions, i))
    return [name, perKey(own)] as const
  })
  return { ...facts, upstream: Object.fromEntries(upstream) }
}

function declaredCheck(check: Check): DeclaredCheck {
  const { name, blocking } = check
  return check.kind === 'run'
    ? { kind: 'run', name, blocking }
    : { kind: 'metric', name, blocking, condition: check.metric }
}

function checkCommands({ checks }: Asset, key: PartitionKey | null, fails: boolean): readonly CheckWork[] {
  return checks.flatMap((check) =>
    check.kind === 'run'
      ? [
          {
            words: commandOf(check.run, key).words,
            env: { WAYBILL_CHECK: check.name },
            failsJob: fails && check.blocking,
          },
        ]
      : [],
  )
}

function keyOf({ view: { asset, space }, index }: Piece): PartitionKey | null {
  return asset.partitions === null ? null : space.at(index)
}

/** `: gold`, or `: 3 keys (gold..tin)`. */
function namesOf(keys: readonly (PartitionKey | null)[]): string {
  const [first, last] = [keys[0]?.text, keys.at(-1)?.text]
  if (first === undefined) return ''
  return keys.length === 1 ? `: ${first}` : `: ${keys.length} keys (${first}..${last})`
}

/** A text in which braces are no placeholders: requests and records read them as DataLad does. */
function literal(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

/** A command with its variables. A single word would be taken for a line of shell. */
function wordsByHand(words: readonly string[], env: Readonly<Record<string, string>>): readonly string[] {
  const own = assignments(env)
  return own.length === 0 && words.length > 1 ? words : ['env', ...own, ...words]
}

/** The variables that are the same for all pieces of a group. */
function commonEnvironment(settings: Settings, group: Group): Readonly<Record<string, string>> {
  const [first] = group
  const own = {
    ...environmentFor(settings, keyOf(first)),
    ...commandOf(first.view.asset.run, keyOf(first)).env,
  }
  if (group.length === 1) return own
  const fixed = [...settings.env].filter(([, { value }]) =>
    value.parts.every((part) => typeof part === 'string'),
  )
  return Object.fromEntries(fixed.flatMap(([name]) => (name in own ? [[name, own[name] ?? '']] : [])))
}

/** What each piece runs, made when it is asked for: pieces are many, and what their payloads are told is long. */
function commands(
  group: Group,
  settings: Settings,
  common: Readonly<Record<string, string>>,
  contextOf: (piece: Piece) => string | null = () => null,
  fails = false,
): Iterable<TaskWork> {
  return {
    *[Symbol.iterator]() {
      for (const piece of group) {
        const key = keyOf(piece)
        const { words, env } = commandOf(piece.view.asset.run, key)
        const all = Object.entries({ ...environmentFor(settings, key), ...env })
        const own = all.filter(([name, value]) => common[name] !== value)
        const checks = checkCommands(piece.view.asset, key, fails)
        yield { words, env: Object.fromEntries(own), context: contextOf(piece), checks }
      }
    },
  }
}

function scriptOf(
  objectFormat: 'sha1' | 'sha256',
  common: Readonly<Record<string, string>>,
  tasks: Iterable<TaskWork>,
): { readonly path: string; readonly text: string } {
  const text = arrayScript(common, tasks)
  return { path: scriptCopyPath(blobId(objectFormat, Buffer.from(text))), text }
}

/** Patterns for the files of all keys. */
function patternsOf(
  views: ReadonlyMap<string, AssetView>,
  { asset, maps }: AssetView,
  fromFolder: (path: string) => string,
): NonNullable<ScheduleRequest['patterns']> {
  const upstream = [...maps.keys()].flatMap((name) => views.get(name)?.asset.outputs ?? [])
  const inputs = new Set([...asset.inputs, ...upstream].map(anyKey))
  return { inputs: [...inputs].map(fromFolder), outputs: asset.outputs.map(anyKey).map(fromFolder) }
}

/** A pattern that covers the paths of all keys. */
function anyKey(template: Template): string {
  const values = template.parts.flatMap((part) => (typeof part === 'string' ? [] : [[part.dimension, '\0']]))
  // Two stars would span folders.
  return fillTemplate(template, Object.fromEntries(values)).replaceAll(/[\0*]*\0[\0*]*/g, '*')
}

/** The outputs of those keys upstream that a group is made of, as far as they are there. */
function madeUpstream(
  root: string,
  views: ReadonlyMap<string, AssetView>,
  group: Group,
  graph: GraphPlace | null,
): readonly string[] {
  const [{ view }] = group
  return [...view.maps].flatMap(([name, map]) => {
    const other = views.get(name)
    if (other === undefined) return []
    const { asset, space } = other
    const places = new Set<number>()
    for (const own of new Set(group.map(({ index }) => map.groupOf(index))))
      if (own >= 0) for (const at of map.upstreamOf(own)) places.add(at)
    const there = [...places].filter((at) => !(graph?.isLater(pieceAt(other, at)) ?? false))
    const paths = there.flatMap((at) =>
      pathsFor(asset.outputs, asset.partitions === null ? null : space.at(at)),
    )
    return [...new Set(paths)].filter((path) => isThere(root, path))
  })
}

function isThere(root: string, path: string): boolean {
  if (!hasWildcard(path)) return fileStatus(`${root}/${path.replaceAll(/\[([*?[])\]/g, '$1')}`) !== undefined
  return walk(root, [{ path, directory: false, pattern: true }]).next().done !== true
}
