import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, posix, relative, resolve } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { parseIndices } from '../../contract/index-set.ts'
import { readSubstitutions } from '../../dataset/config.ts'
import { hasWildcard, normaliser, type RepositoryPath } from '../../dataset/paths.ts'
import { expand } from '../../dataset/walk.ts'
import { literalPrefix } from '../../ledger/path-pattern.ts'
import type { Context } from '../context.ts'
import type { Parts } from '../evidence.ts'
import type { Note } from '../note.ts'
import { installFor } from './install.ts'
import { fillPaths, fillWords, type Substitutions } from './placeholders.ts'
import type { Report } from '../report.ts'
import { speaksOf, type ScheduleRequest } from './request.ts'
import type { JobSpec } from '../spec.ts'
import { fromMarked, pathsOfTasks, taskMarks } from './task-paths.ts'

/** An input as declared: inside the dataset, or an absolute path elsewhere. */
export type DeclaredInput = { readonly inside: RepositoryPath } | { readonly outside: string }

/** What the user declared, in its one form. */
export interface Declaration {
  readonly outputs: readonly RepositoryPath[]
  /** Those of them with `{task}` in them, which are no paths yet (task-paths.ts). */
  readonly taskOutputs: readonly string[]
  readonly inputs: readonly DeclaredInput[]
  readonly extraInputs: readonly DeclaredInput[]
  /** Existing things that the inputs name: root-relative, or absolute when outside. */
  readonly inputPaths: readonly string[]
  /** Root-relative patterns that stand for long lists of inputs and outputs in a record; null: there are none. */
  readonly patterns: NonNullable<JobSpec['patterns']> | null
  /** The words with their placeholders filled. */
  readonly words: readonly string[]
}

/**
 * Fills placeholders and normalises every path of a request. Changes nothing, but that subdatasets in which inputs lie are
 * checked out, unless nothing at all is to be changed.
 */
export async function declare(
  context: Context,
  request: ScheduleRequest,
  words: readonly string[],
  report: (report: Report) => void,
): Promise<Fallible<Declaration, Note>> {
  const texts = [...words, ...request.inputs, ...request.outputs]
  const configured = texts.some((text) => text.includes('{'))
    ? await readSubstitutions(context.dataset)
    : ok({})
  if (!configured.ok) return configured
  const lists: Substitutions = { ...configured.value, inputs: request.inputs, outputs: request.outputs }
  const outputTexts = fillPaths(request.outputs, { ...taskMarks(request.outputs), ...lists })
  if (!outputTexts.ok) return outputTexts
  const inputTexts = fillPaths(request.inputs, lists)
  if (!inputTexts.ok) return inputTexts

  const outputs = normaliseOutputs(context, request, outputTexts.value)
  if (!outputs.ok) return outputs
  const extraTexts = [...new Set([...(request.repeat?.extraInputs ?? []), ...(request.extraInputs ?? [])])]
  if (request.dryRun === null) {
    const installed = await installFor(context, [...inputTexts.value, ...extraTexts], report)
    if (!installed.ok) return installed
  }
  const inputs = normaliseInputs(context, inputTexts.value)
  if (!inputs.ok) return inputs
  const extraInputs = normaliseInputs(context, extraTexts)
  if (!extraInputs.ok) return extraInputs
  const found = existing(context, inputs.value)
  if (!found.ok) return found
  const foundExtra = existing(context, extraInputs.value)
  if (!foundExtra.ok) return foundExtra

  const patterns = request.patterns === undefined ? ok(null) : readPatterns(context, request.patterns)
  if (!patterns.ok) return patterns
  const filled = fillWords(words, {
    ...configured.value,
    inputs: found.value.map((path) => fromHere(context, path)),
    // What a task's path is, is known in the task alone.
    ...(outputs.value.tasks.length > 0 ? {} : { outputs: outputTexts.value }),
    pwd: context.cwd,
    dspath: context.dataset.root,
    tmpdir: words.some((word) => word.includes('{tmpdir')) ? mkdtempSync(join(tmpdir(), 'waybill-')) : '',
  })
  if (!filled.ok) return filled
  const expands = speaksOf(request.expand, 'inputs')
  return ok({
    outputs: outputs.value.plain,
    taskOutputs: outputs.value.tasks,
    inputs: expands ? found.value.map(declared) : inputs.value,
    extraInputs: expands ? foundExtra.value.map(declared) : extraInputs.value,
    inputPaths: [...new Set([...found.value, ...foundExtra.value])],
    patterns: patterns.value,
    words: filled.value,
  })
}

/** All outputs as paths and patterns, those with `{task}` too, now that it is known which array's tasks these are. */
export function declaredOutputs(
  { outputs, taskOutputs }: Declaration,
  parts: Parts,
  reserveAll: boolean,
): Fallible<readonly string[], Note> {
  const plain = outputs.map(({ path }) => path)
  const [first] = taskOutputs
  if (first === undefined) return ok(plain)
  if (parts.kind !== 'array') return fail({ kind: 'task-needs-array', output: first })
  const paths = pathsOfTasks(taskOutputs, parseIndices(parts.indices))
  const wide = reserveAll ? undefined : paths.find(isRootPattern)
  return wide === undefined
    ? ok([...plain, ...paths])
    : fail({ kind: 'output-is-root-pattern', pattern: wide })
}

function isRootPattern(path: string): boolean {
  return hasWildcard(path) && literalPrefix(path) === ''
}

/** What was found, as if it had been declared by its own name. */
function declared(path: string): DeclaredInput {
  return isAbsolute(path) ? { outside: path } : { inside: { path, directory: false, pattern: false } }
}

/** An input's path as the ledger and the record have it. */
export function inputPath(input: DeclaredInput): string {
  return 'inside' in input ? input.inside.path : input.outside
}

function normaliseOutputs(
  context: Context,
  request: ScheduleRequest,
  texts: readonly string[],
): Fallible<{ readonly plain: readonly RepositoryPath[]; readonly tasks: readonly string[] }, Note> {
  const plain: RepositoryPath[] = []
  const known = new Set<string>()
  const tasks = new Set<string>()
  const normalise = normaliser(context.dataset, context.cwd, { patterns: true })
  for (const text of texts) {
    const path = normalise(text)
    if (!path.ok) return path
    const task = fromMarked(path.value.path)
    if (task !== null) {
      tasks.add(task)
      continue
    }
    if (isRootPattern(path.value.path) && !request.reserveAll) {
      return fail({ kind: 'output-is-root-pattern', pattern: path.value.path })
    }
    // Where they are counted off by tasks none may be missing.
    if (known.has(path.value.path) && request.outputsPerTask === undefined) continue
    known.add(path.value.path)
    plain.push(path.value)
  }
  return ok({ plain, tasks: [...tasks] })
}

function readPatterns(
  context: Context,
  { inputs, outputs }: NonNullable<ScheduleRequest['patterns']>,
): Fallible<NonNullable<JobSpec['patterns']>, Note> {
  const texts = fillPaths([...inputs, ...outputs], {})
  const read = texts.ok ? normaliseInputs(context, texts.value) : texts
  if (!read.ok) return read
  const paths = read.value.map(inputPath)
  return ok({ inputs: paths.slice(0, inputs.length), outputs: paths.slice(inputs.length) })
}

function normaliseInputs(
  context: Context,
  texts: readonly string[],
): Fallible<readonly DeclaredInput[], Note> {
  const inputs: DeclaredInput[] = []
  const normalise = normaliser(context.dataset, context.cwd, { patterns: true })
  for (const text of texts) {
    const path = normalise(text)
    if (path.ok) inputs.push({ inside: path.value })
    else if (path.failure.kind === 'outside-repository' || path.failure.kind === 'symlink-leaves') {
      inputs.push({ outside: resolve(context.cwd, text) })
    } else if (path.failure.kind === 'inside-submodule') {
      inputs.push({
        inside: { path: belowRoot(context, text), directory: text.endsWith('/'), pattern: false },
      })
    } else return path
  }
  return ok(inputs)
}

/** A path within another repository, relative to our root. */
function belowRoot(context: Context, text: string): string {
  const path = isAbsolute(text) ? text : join(context.cwd, text)
  return posix.normalize(relative(context.dataset.root, path)).replace(/\/$/, '')
}

function existing(context: Context, inputs: readonly DeclaredInput[]): Fallible<readonly string[], Note> {
  const paths = new Set<string>()
  for (const input of inputs) {
    const matches =
      'outside' in input ? outsidePaths(input.outside) : [...expand(context.dataset.root, input.inside)]
    if (matches.length === 0) return fail({ kind: 'input-missing', path: inputPath(input) })
    for (const path of matches) paths.add(path)
  }
  return ok([...paths])
}

/** What an absolute path or pattern names outside the dataset; what exists as it is written is no pattern. */
function outsidePaths(path: string): readonly string[] {
  if (existsSync(path)) return [path]
  if (!hasWildcard(path)) return []
  const found = [...expand('/', { path: path.slice(1), directory: false, pattern: true })]
  return found.map((one) => `/${one}`).filter((one) => existsSync(one))
}

/** A root-relative path as the job sees it from its directory. */
function fromHere(context: Context, path: string): string {
  return isAbsolute(path) ? path : relative(context.cwd, join(context.dataset.root, path)) || '.'
}
