import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { isTrue, readConfigFile } from './config-file.ts'
import type { DatasetFailure } from './failure.ts'
import { findPlainRepository } from './find-repository.ts'
import type { HeldObjects } from './held-objects.ts'
import { git, gitEnvironment, pieces, type Environment } from './git.ts'

/** Facts about git-annex in a repository where it is initialised. */
export interface AnnexFacts {
  readonly uuid: string
  /** The version of the repository, such as `10`. */
  readonly version: string
  /** A file system without symlinks or permissions: all files are unlocked. */
  readonly crippled: boolean
}

/** One git repository with a work tree, as found. All paths are absolute and real. */
export interface Dataset {
  readonly root: string
  /** Of this work tree: HEAD and the index lie here. */
  readonly gitDir: string
  /** Shared by all work trees: objects, branches, configuration. */
  readonly commonDir: string
  /** DataLad's id of the dataset, from `.datalad/config`, or null. */
  readonly id: string | null
  readonly annex: AnnexFacts | null
  readonly objectFormat: 'sha1' | 'sha256'
  /** Modes that state shared by a group has to have (`core.sharedRepository`); null: the umask decides. */
  readonly shared: { readonly file: number; readonly directory: number } | null
  readonly indexPath: string
  /** The environment in which git is to run here. */
  readonly env: Environment
  /** Who tells of objects while a command that asks again and again lives; absent: a process is started for each question. */
  readonly objects?: HeldObjects
}

const questions = ['--is-bare-repository', '--is-inside-git-dir', '--show-object-format'] as const
const places = ['--git-dir', '--git-common-dir', '--show-toplevel'] as const

/** Finds the repository that `directory` lies in: a few small files are read, and at most one git process; nothing is changed. */
export async function locate(
  directory: string,
  callerEnv: Readonly<Record<string, string | undefined>>,
): Promise<Fallible<Dataset, DatasetFailure>> {
  const env = gitEnvironment(callerEnv)
  // A missing directory and a missing git look alike to spawn(2).
  const real = realDirectory(directory)
  if (!real.ok) return real
  const plain = findPlainRepository(real.value, callerEnv)
  if (plain !== null) {
    const { root, config } = plain
    const gitDir = join(root, '.git')
    return ok(describe({ root, gitDir, commonDir: gitDir, objectFormat: 'sha1', env }, config.value))
  }
  return askGit(real.value, env)
}

/** Asks git, which knows every way in which a repository can be laid out. */
async function askGit(directory: string, env: Environment): Promise<Fallible<Dataset, DatasetFailure>> {
  const place = { root: directory, env }
  const asked = await git(place, ['rev-parse', ...questions, '--path-format=absolute', ...places], {
    normal: [128],
  })
  if (!asked.ok) return asked
  const lines = asked.value.stdout.toString('utf8').split('\n').slice(0, -1)
  const failure = refusal(directory, asked.value.code, asked.value.stderr, lines)
  if (failure !== null) return fail(failure)
  // A newline in a path makes the answer ambiguous: then each path is asked for by itself.
  const found = lines.length === 6 ? lines.slice(3) : await oneByOne(place)
  // A git before 2.31 does not know --path-format, and prints it.
  if (found.some((path) => !path.startsWith('/'))) return fail({ kind: 'git-too-old' })
  const [gitDir, commonDir, root] = found.map((path) => realpathSync(path))
  if (gitDir === undefined || commonDir === undefined || root === undefined) {
    return fail({ kind: 'not-a-repository', directory })
  }
  const objectFormat = lines[2] === 'sha256' ? 'sha256' : 'sha1'
  const config = readConfigFile(join(commonDir, 'config')).value
  return ok(describe({ root, gitDir, commonDir, objectFormat, env }, config))
}

function describe(
  found: Pick<Dataset, 'root' | 'gitDir' | 'commonDir' | 'objectFormat' | 'env'>,
  config: (key: string) => string | null,
): Dataset {
  return {
    ...found,
    id: readConfigFile(join(found.root, '.datalad', 'config')).value('datalad.dataset.id'),
    annex: annexFacts(config),
    shared: sharedModes(config('core.sharedrepository')),
    indexPath: join(found.gitDir, 'index'),
  }
}

function realDirectory(directory: string): Fallible<string, DatasetFailure> {
  try {
    const real = realpathSync(directory)
    return statSync(real).isDirectory() ? ok(real) : fail({ kind: 'no-such-directory', directory })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EACCES') return fail({ kind: 'no-permission', path: directory, message })
    return fail({ kind: 'no-such-directory', directory })
  }
}

function refusal(
  directory: string,
  code: number | null,
  stderr: string,
  lines: readonly string[],
): DatasetFailure | null {
  if (code === 0) return null
  const dubious = /dubious ownership in repository at '(.*)'/s.exec(stderr)
  if (dubious)
    return { kind: 'dubious-ownership', directory: dubious[1] ?? directory, message: stderr.trim() }
  if (/not a git repository/.test(stderr)) {
    const closed = closedRepository(directory)
    if (closed === null) return { kind: 'not-a-repository', directory }
    return { kind: 'no-permission', path: closed, message: stderr.trim() }
  }
  if (lines[0] === 'true') return { kind: 'bare-repository', gitDir: lines[3] ?? directory }
  if (/must be run in a work tree/.test(stderr)) return { kind: 'no-work-tree', directory }
  if (/[Pp]ermission denied/.test(stderr))
    return { kind: 'no-permission', path: directory, message: stderr.trim() }
  return { kind: 'git-failed', operation: 'rev-parse', code, signal: null, message: stderr.trim() }
}

/** A `.git` at or above a directory that is there but may not be looked into: to git that is no repository. */
function closedRepository(directory: string): string | null {
  for (let at = directory; ; at = dirname(at)) {
    const candidate = join(at, '.git')
    if (existsSync(candidate)) {
      try {
        accessSync(candidate, constants.R_OK | (statSync(candidate).isDirectory() ? constants.X_OK : 0))
      } catch {
        return candidate
      }
    }
    if (at === dirname(at)) return null
  }
}

async function oneByOne(place: {
  readonly root: string
  readonly env: Environment
}): Promise<readonly string[]> {
  const answers = await Promise.all(
    places.map((question) => git(place, ['rev-parse', '--path-format=absolute', question])),
  )
  return answers.flatMap((answer) => (answer.ok ? [(pieces(answer.value.stdout)[0] ?? '').slice(0, -1)] : []))
}

function annexFacts(config: (key: string) => string | null): AnnexFacts | null {
  const uuid = config('annex.uuid')
  const version = config('annex.version')
  if (uuid === null || version === null) return null
  return { uuid, version, crippled: isTrue(config('annex.crippledfilesystem')) }
}

/** The paths that `.gitmodules` of a work tree gives to submodules, relative to its root. */
export function submodulePaths(root: string): readonly string[] {
  return readConfigFile(join(root, '.gitmodules')).named('path')
}

/** git-config(1), core.sharedRepository: a group's clone makes state that the group can write. */
function sharedModes(value: string | null): Dataset['shared'] {
  if (value === null || /^(umask|false|no|off|0|)$/i.test(value)) return null
  const file = /^(group|true|yes|on|1)$/i.test(value)
    ? 0o660
    : /^(all|world|everybody|2)$/i.test(value)
      ? 0o664
      : /^0[0-7]{3}$/.test(value)
        ? Number.parseInt(value, 8) & 0o666
        : null
  if (file === null) return null
  return { file, directory: 0o2000 | file | ((file & 0o444) >> 2) }
}
