import { readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { absentInputs } from '../../dataset/inputs.ts'
import { relativeTo } from '../../dataset/paths.ts'
import { joinWords, splitLine } from '../../provenance/shell-words.ts'
import { endOfOptions } from '../../slurm/end-of-options.ts'
import { interpreterOf, liftDirectives } from '../../slurm/lift-directives.ts'
import { readSbatch, type SbatchLine } from '../../slurm/sbatch-line.ts'
import type { Context } from '../context.ts'
import { getInputs } from '../inputs.ts'
import { insideRoot } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import type { ScheduleRequest } from './request.ts'

/** Fills a container's call format for a command that starts in a directory. */
export type CallInContainer = (cmd: string, from: string) => Fallible<string, Note>

/** An sbatch command whose script runs in a container. */
export interface ContainedBatch {
  readonly words: readonly string[]
  /** Absolute; null for a command given by `--wrap`. */
  readonly script: string | null
}

/**
 * The same submission with `--wrap` and the call format around the script, and the script's own #SBATCH options on the
 * command line: a plain sbatch command, which anybody can run again. The script is not touched.
 */
export async function batchInContainer(
  context: Context,
  request: ScheduleRequest,
  call: CallInContainer,
  report: (report: Report) => void,
): Promise<Fallible<ContainedBatch, Note>> {
  const { words } = request
  let line = read(context, words)
  const [leader] = line.components
  const path = line.script.kind === 'file' ? insideRoot(context.dataset.root, line.script.path) : null
  if (path !== null && request.dryRun === null && absentInputs(context.dataset, [path]).length > 0) {
    const fetched = await getInputs(context, [path], request.transfers, report)
    if (!fetched.ok) return fetched
    line = read(context, words)
  }
  const { script } = line
  if (script.kind === 'stdin') return unfit('stdin')
  if (line.components.length > 1) return unfit('components')
  const from = leader.chdir
  if (script.kind === 'wrap') {
    const wrapped = call(asCommand(script.command), from)
    // Of two the last wins.
    return wrapped.ok ? ok({ words: [...words, `--wrap=${wrapped.value}`], script: null }) : wrapped
  }
  if (script.text === null) return fail({ kind: 'script-missing', path: script.path, copy: null })
  const lifted = liftDirectives({ name: basename(script.path), text: script.text }, context.env)
  if (lifted === null) return unfit('components')
  const cmd = [...interpreterOf(script.text), seenFrom(context, from, script.path), ...line.args]
  const wrapped = call(joinWords(cmd), from)
  if (!wrapped.ok) return wrapped
  const given = words.slice(1, endOfOptions(words, line))
  return ok({
    words: [words[0] ?? 'sbatch', ...lifted, ...given, `--wrap=${wrapped.value}`],
    script: script.path,
  })
}

function unfit(
  why: Extract<Note, { readonly kind: 'container-needs-script' }>['why'],
): Fallible<never, Note> {
  return fail({ kind: 'container-needs-script', why })
}

function read(context: Context, words: readonly string[]): SbatchLine {
  return readSbatch(words, { cwd: context.cwd, env: context.env, readFile })
}

/** A script's path as the job sees it; never one that looks like an option. */
function seenFrom(context: Context, from: string, path: string): string {
  if (relativeTo(context.dataset.root, path) === null) return path
  const seen = relativeTo(context.dataset.root, from) === null ? path : relative(from, path)
  return seen.startsWith('-') ? join('./', seen).replace(/^(?=-)/, './') : seen
}

/** A line of several commands would leave the container after the first: a shell takes all of them inside. */
function asCommand(line: string): string {
  return splitLine(line).kind === 'words' ? line : joinWords(['sh', '-c', line])
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
