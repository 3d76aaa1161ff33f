import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { CannotStart, run, type Pieces, type RunResult } from '../process/run.ts'
import { classify, type DatasetFailure } from './failure.ts'

/** A child's environment. */
export type Environment = Readonly<Record<string, string>>

/** Where git runs: a directory, and the environment of the caller without what would point git elsewhere. */
export interface Place {
  readonly root: string
  readonly env: Environment
}

/** How one call of git differs from the usual. */
export interface GitOptions {
  readonly input?: string | Uint8Array | Iterable<string | Uint8Array>
  /** Exit codes that are an answer, besides 0. */
  readonly normal?: readonly number[]
  /** `[name, value]` given by `-c`. */
  readonly config?: readonly (readonly [string, string])[]
  /** An index of our own instead of the user's. */
  readonly index?: string
  readonly env?: Environment
  /** Paths on the command line are names, not patterns. Not for git-annex and check-ignore, which then fail. */
  readonly literal?: boolean
  readonly showStderr?: boolean
  /** Takes the output as it comes: of many files it does not stand in memory. */
  readonly pieces?: Pieces
}

/** What would make git look at another repository, index or object store, or print and match otherwise. */
const redirecting = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_INDEX_VERSION',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_GRAFT_FILE',
  'GIT_SHALLOW_FILE',
  'GIT_REPLACE_REF_BASE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_QUARANTINE_PATH',
  'GIT_LITERAL_PATHSPECS',
  'GIT_GLOB_PATHSPECS',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_ICASE_PATHSPECS',
  'GIT_EXTERNAL_DIFF',
  'GIT_DIFF_OPTS',
  'GIT_DEFAULT_REF_FORMAT',
] as const

/** The caller's environment made fit for git: its messages in the C locale, no redirection, no optional locks. */
export function gitEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value !== undefined) kept[name] = value
  for (const name of redirecting) delete kept[name]
  return { ...kept, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' }
}

/**
 * Runs git once. The operation named in a failure is the first argument. An exit code that is neither 0 nor declared
 * normal is a failure, named by what git printed.
 */
export async function git(
  place: Place,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Fallible<RunResult, DatasetFailure>> {
  const config = [['core.quotePath', 'false'] as const, ...(options.config ?? [])]
  const env = {
    ...place.env,
    ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
    ...(options.literal ? { GIT_LITERAL_PATHSPECS: '1' } : {}),
    ...options.env,
  }
  const words = [...config.flatMap(([name, value]) => ['-c', `${name}=${value}`]), ...args]
  let result: RunResult
  try {
    result = await run('git', words, {
      cwd: place.root,
      env,
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.showStderr ? { showStderr: true } : {}),
      ...(options.pieces === undefined ? {} : { pieces: options.pieces }),
    })
  } catch (error) {
    if (error instanceof CannotStart) return fail(error.missing)
    throw error
  }
  if (result.code === 0 || (result.code !== null && options.normal?.includes(result.code))) return ok(result)
  return fail(
    classify(args[0] ?? 'git', { code: result.code, signal: result.signal, message: result.stderr.trim() }),
  )
}

/**
 * Runs a command of git-annex, as `git` does. Exit code 1 means that it could not do all it was asked, which its replies
 * tell in detail; but it is also git's own when there is no git-annex.
 */
export async function gitAnnex(
  place: Place,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Fallible<RunResult, DatasetFailure>> {
  const done = await git(place, ['annex', ...args], { ...options, normal: [1] })
  if (!done.ok || done.value.code === 0) return done
  const { code, signal, stderr } = done.value
  const failure = classify('annex', { code, signal, message: stderr.trim() })
  return failure.kind === 'missing-program' ? fail(failure) : done
}

/** Splits NUL-ended output into its pieces as text. */
export function pieces(output: Buffer): string[] {
  const parts = output.toString('utf8').split('\0')
  if (parts.at(-1) === '') parts.pop()
  return parts
}

/** Splits arguments into lists that fit a command line: at most about 100 kB each, at least one argument. */
export function* chunks(args: readonly string[]): Generator<readonly string[]> {
  let start = 0
  let size = 0
  for (let i = 0; i < args.length; i++) {
    const length = Buffer.byteLength(args[i] ?? '') + 9
    if (size + length > 100_000 && i > start) {
      yield args.slice(start, i)
      start = i
      size = 0
    }
    size += length
  }
  if (start < args.length) yield args.slice(start)
}
