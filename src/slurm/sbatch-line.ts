import { basename, join, resolve } from 'node:path'
import { readOptions } from './getopt.ts'
import type { GivenOption } from './getopt.ts'
import { sbatchVariables } from './sbatch-options.ts'
import { readDirectives } from './script-directives.ts'
import { foreignOptions } from './foreign-options.ts'

/** Where a setting came from; the command wins over the environment, and that over the script. */
type SettingSource = 'command' | 'environment' | 'script'

/** What holds for one component of the job: the only one, unless the job is heterogeneous. Null: not said. */
export interface SbatchSettings {
  /** The argument of `--array`, unread; an empty one means no array. */
  readonly array: string | null
  /** File name patterns as given; `none` is Slurm's other word for /dev/null. */
  readonly output: string | null
  readonly error: string | null
  readonly input: string | null
  /** Absolute; not freed of `..` or symlinks, just as Slurm keeps it. */
  readonly chdir: string
  /** Given, or what sbatch makes of the script's name. */
  readonly jobName: string
  readonly comment: { readonly text: string; readonly source: SettingSource } | null
  readonly dependency: string | null
  readonly openMode: 'append' | 'truncate' | null
  readonly requeue: boolean | null
  readonly partition: string | null
  readonly account: string | null
  readonly qos: string | null
}

/** Where the batch script comes from. `path` is absolute; `text` is null when it cannot be read. */
export type BatchScript =
  | { readonly kind: 'file'; readonly path: string; readonly text: string | null }
  | { readonly kind: 'stdin'; readonly text: string | null }
  | { readonly kind: 'wrap'; readonly command: string }

/** A whole sbatch command, understood. */
export interface SbatchLine {
  readonly script: BatchScript
  readonly args: readonly string[]
  /** More than one in a heterogeneous job; the first is the leader. */
  readonly components: readonly [SbatchSettings, ...(readonly SbatchSettings[])]
  readonly clusters: readonly string[] | null
  readonly wait: boolean
  /** No job comes of it: `--test-only`, `--help`, `--usage`, `--version`. */
  readonly submitsNothing: boolean
  readonly parsable: boolean
  readonly quiet: boolean
  /** Options sbatch 22.05–25.05 does not have: a plugin's, a newer version's, or mistakes. */
  readonly unknown: readonly string[]
  /** The leader's comment when its own words on the command line do not say it: to be said again after ours. */
  readonly commentToRestate: string | null
}

/** What `readSbatch` needs to know of the world. */
export interface SbatchSurroundings {
  /** The real directory that sbatch starts in. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a readable regular file, else null. Bytes that are no UTF-8 may be replaced. */
  readonly readFile: (path: string) => string | null
  /** A script given on standard input, when there is one. */
  readonly stdin?: string | null
}

type Setting = { readonly value: string | null; readonly source: SettingSource }
type Settings = Map<string, Setting>

/**
 * Reads a command that begins with sbatch as sbatch itself does (tried on 22.05 by `sbatch -v`): environment over
 * script, command over both; a component takes over what the one before it said.
 */
export function readSbatch(words: readonly string[], around: SbatchSurroundings): SbatchLine {
  const isOperand = (word: string): boolean =>
    word === ':' || around.readFile(findScript(word, around.cwd, around)) !== null
  const command = readCommand(words.slice(1), isOperand)
  const all = command.components.flat()
  const early = new Map(all.map((option) => [option.name, option]))
  const chdir = early.get('chdir')?.value
  const script = readScript(command.operands, early, chdir ? resolve(around.cwd, chdir) : around.cwd, around)
  const text = script.kind === 'wrap' ? null : script.text
  const directives = readDirectives(text ?? '')
  const scripts = directives.components.map((list) => readOptions(list).options)
  const ignoresForeign = early.has('ignore-pbs') || around.env['SBATCH_IGNORE_PBS'] !== undefined
  const foreign = ignoresForeign || !directives.foreign ? [] : foreignOptions(directives.foreign)

  // sbatch reads the whole command once before the components, and what it says there is not taken back.
  const settings: Settings = new Map()
  apply(settings, all, 'command')
  const components: SbatchSettings[] = []
  for (let i = 0; i < Math.max(command.components.length, scripts.length); i += 1) {
    apply(settings, scripts[i] ?? [], 'script')
    apply(settings, foreign, 'script')
    apply(settings, fromEnvironment(around.env), 'environment')
    apply(settings, command.components[i] ?? command.components.at(-1) ?? [], 'command')
    components.push(settingsOf(settings, script, around.cwd))
  }
  const leader = components[0] ?? settingsOf(settings, script, around.cwd)
  const leaderSaysComment = command.components[0]?.some((option) => option.name === 'comment') ?? false
  const has = (name: string): boolean => settings.has(name)
  return {
    script,
    args: command.operands.slice(1),
    components: [leader, ...components.slice(1)],
    clusters: settings.get('clusters')?.value?.split(',') ?? null,
    wait: has('wait'),
    submitsNothing: ['test-only', 'help', 'usage', 'version'].some(has),
    parsable: has('parsable'),
    quiet: has('quiet'),
    unknown: command.unknown,
    commentToRestate: leaderSaysComment ? null : (leader.comment?.text ?? null),
  }
}

interface Command {
  readonly components: readonly (readonly GivenOption[])[]
  readonly operands: readonly string[]
  readonly unknown: readonly string[]
}

function readCommand(words: readonly string[], isOperand: (word: string) => boolean): Command {
  const components: (readonly GivenOption[])[] = []
  const unknown: string[] = []
  let rest = words
  for (;;) {
    const given = readOptions(rest, isOperand)
    components.push(given.options)
    unknown.push(...given.unknown)
    rest = rest.slice(given.rest)
    if (rest[0] !== ':') return { components, operands: rest, unknown }
    rest = rest.slice(1)
  }
}

function readScript(
  operands: readonly string[],
  early: ReadonlyMap<string, GivenOption>,
  directory: string,
  around: SbatchSurroundings,
): BatchScript {
  const wrap = early.get('wrap')
  if (wrap) return { kind: 'wrap', command: wrap.value ?? '' }
  const word = operands[0]
  if (word === undefined) return { kind: 'stdin', text: around.stdin ?? null }
  const path = findScript(word, directory, around)
  return { kind: 'file', path, text: around.readFile(path) }
}

/** sbatch(1), SCRIPT PATH RESOLUTION; a name found nowhere is opened as it stands. */
function findScript(word: string, directory: string, around: SbatchSurroundings): string {
  if (word.startsWith('/')) return word
  const here = join(directory, word)
  if (word.startsWith('.') || around.readFile(here) !== null) return here
  const folders = around.env['PATH']?.split(':').filter((folder) => folder.startsWith('/')) ?? []
  const found = folders.map((folder) => join(folder, word)).find((path) => around.readFile(path) !== null)
  return found ?? join(around.cwd, word)
}

function apply(settings: Settings, options: readonly GivenOption[], source: SettingSource): void {
  for (const { name, value } of options) {
    if (name === 'cluster') settings.set('clusters', { value, source })
    else if (name === 'requeue' || name === 'no-requeue') settings.set('requeue', { value: name, source })
    else settings.set(name, { value, source })
  }
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): readonly GivenOption[] {
  return sbatchVariables.flatMap(([variable, name]): readonly GivenOption[] => {
    const value = env[variable]
    if (value === undefined) return []
    if (!['wait', 'requeue', 'no-requeue'].includes(name)) return [{ name, value }]
    // A flag is set by an empty value, `yes`, or a number other than 0.
    return value === '' || value === 'yes' || Number.parseInt(value, 10) > 0 ? [{ name, value: null }] : []
  })
}

function settingsOf(settings: Settings, script: BatchScript, cwd: string): SbatchSettings {
  const get = (name: string): string | null => settings.get(name)?.value ?? null
  const comment = settings.get('comment')
  const chdir = get('chdir')
  const mode = get('open-mode')?.charAt(0).toLowerCase()
  const requeue = get('requeue')
  return {
    array: get('array'),
    output: get('output'),
    error: get('error'),
    input: get('input'),
    chdir: chdir === null ? cwd : chdir.startsWith('/') ? chdir : `${cwd}/${chdir}`,
    jobName: get('job-name') ?? defaultName(script),
    comment: comment?.value == null ? null : { text: comment.value, source: comment.source },
    dependency: get('dependency'),
    openMode: mode === 'a' ? 'append' : mode === 't' ? 'truncate' : null,
    requeue: requeue === null ? null : requeue === 'requeue',
    partition: get('partition'),
    account: get('account'),
    qos: get('qos'),
  }
}

function defaultName(script: BatchScript): string {
  if (script.kind === 'wrap') return 'wrap'
  return script.kind === 'file' ? basename(script.path) : 'sbatch'
}
