import { readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { readArraySpec } from '../../contract/array-spec.ts'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { splitLine } from '../../provenance/shell-words.ts'
import { readSbatch, type SbatchLine } from '../../slurm/sbatch-line.ts'
import { inDataset } from '../alt-dir/alt-dir.ts'
import type { Context } from '../context.ts'
import type { Parts } from '../evidence.ts'
import { getInputs } from '../inputs.ts'
import { insideRoot } from '../logs-plan.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import type { ScheduleRequest } from './request.ts'
import type { JobSpec } from '../spec.ts'

/** Who will run the words, and what is known of them beforehand. */
export interface Command {
  readonly scheduler: 'slurm' | 'local'
  readonly words: readonly string[]
  /** The words are no sbatch command, but call sbatch. */
  readonly submitsItself?: true
  readonly parts: Parts
  /** Slurm only, and null where the command submits by itself. */
  readonly sbatch: SbatchLine | null
  /** The text of a script that came by standard input. */
  readonly stdin: Buffer | null
}

/** Decides who runs the request's words: Slurm when they begin with sbatch, this machine else or when asked for. */
export function chooseScheduler(request: ScheduleRequest): Fallible<Choice, Note> {
  const { words, scheduler } = request
  const [first] = words
  if (first === undefined) return fail({ kind: 'no-command' })
  if (scheduler === 'local') return ok({ scheduler: 'local', words })
  if (words.length > 1) {
    if (basename(first) === 'sbatch') return ok({ scheduler: 'slurm', words })
    return ok(
      scheduler === 'slurm' ? { scheduler, words, submitsItself: true } : { scheduler: 'local', words },
    )
  }
  // A whole line in one word, as datalad-slurm's users quote it.
  if (scheduler !== 'slurm' && !callsSbatch.test(first)) return ok({ scheduler: 'local', words })
  const split = splitLine(first)
  if (split.kind === 'unfinished') return fail({ kind: 'unfinished-quote', line: first, quote: split.quote })
  const plain = split.kind === 'words' && basename(split.words[0] ?? '') === 'sbatch'
  return ok(
    plain ? { scheduler: 'slurm', words: split.words } : { scheduler: 'slurm', words, submitsItself: true },
  )
}

/** The words as they were given, and who runs them; `submitsItself`: sbatch is called by what they run. */
interface Choice {
  readonly scheduler: 'slurm' | 'local'
  readonly words: readonly string[]
  readonly submitsItself?: true
}

/** A shell line with sbatch as the name of a command: at its beginning, or after what begins a command. */
const callsSbatch =
  /(?:^|[;&|(`\n]|\b(?:do|then|else|if|while|until)\s|!\s)\s*(?:\w+=\S*\s+)*(?:[^\s;&|()<>]*\/)?sbatch(?=[\s;&|)]|$)/

/**
 * Reads what sbatch is told: from the words, the script and the environment. `words` have their placeholders filled. A
 * script whose annexed content is absent is fetched like an input, unless nothing is to be changed.
 */
export async function understand(
  context: Context,
  request: ScheduleRequest,
  { scheduler, submitsItself }: Pick<Choice, 'scheduler' | 'submitsItself'>,
  words: readonly string[],
  { altDir }: Pick<JobSpec, 'altDir'>,
  report: (report: Report) => void,
): Promise<Fallible<Command, Note>> {
  if (scheduler === 'local') return understandLocal(request, words)
  if (request.array !== null) return fail({ kind: 'array-needs-local' })
  if (submitsItself) {
    const [line = ''] = words
    const run = words.length === 1 ? ['sh', '-c', line] : words
    return ok({ scheduler, words: run, submitsItself, parts: { kind: 'single' }, sbatch: null, stdin: null })
  }
  const { root } = context.dataset
  const cwd = altDir === undefined ? context.cwd : join(altDir, relative(root, context.cwd))
  // What lies in the dataset will lie there too when sbatch looks for it.
  const origin = (path: string): string => inDataset(root, altDir, path)
  const own = request.launch?.script ?? null
  const around = {
    cwd,
    env: context.env,
    readFile: (path: string) =>
      own !== null && path === join(root, own.path) ? own.text : readFile(origin(path)),
  }
  const read = (stdin?: string): SbatchLine => {
    const line = readSbatch(words, stdin === undefined ? around : { ...around, stdin })
    const { script } = line
    return script.kind === 'file' ? { ...line, script: { ...script, path: origin(script.path) } } : line
  }
  let sbatch = read()
  let stdin: Buffer | null = null
  const path = sbatch.script.kind === 'file' ? insideRoot(root, sbatch.script.path) : null
  if (path !== null && own === null && request.dryRun === null) {
    const fetched = await getInputs(context, [path], request.transfers, report)
    if (!fetched.ok) return fetched
    sbatch = read()
  }
  if (sbatch.script.kind === 'stdin' && !sbatch.submitsNothing) {
    stdin = request.repeat?.stdin ?? (request.readStdin === null ? null : await request.readStdin())
    if (stdin === null || stdin.length === 0)
      return fail({ kind: 'script-missing', path: '(standard input)', copy: null })
    sbatch = read(stdin.toString())
  }
  if (sbatch.script.kind === 'file' && sbatch.script.text === null && !sbatch.submitsNothing) {
    return fail({
      kind: 'script-missing',
      path: sbatch.script.path,
      copy: request.repeat?.scriptCopy ?? null,
    })
  }
  const parts = slurmParts(sbatch)
  return parts.ok ? ok({ scheduler, words, parts: parts.value, sbatch, stdin }) : parts
}

function understandLocal(request: ScheduleRequest, words: readonly string[]): Fallible<Command, Note> {
  const base = { scheduler: 'local', words, sbatch: null, stdin: null } as const
  if (request.array === null) return ok({ ...base, parts: { kind: 'single' } })
  const array = readArraySpec(request.array)
  if (array === null) return fail({ kind: 'bad-array', text: request.array })
  return ok({ ...base, parts: { kind: 'array', indices: array.text } })
}

function slurmParts(sbatch: SbatchLine): Fallible<Parts, Note> {
  if (sbatch.components.length > 1) return ok({ kind: 'components', count: sbatch.components.length })
  const text = sbatch.components[0].array
  if (text === null || text === '') return ok({ kind: 'single' })
  const array = readArraySpec(text)
  return array === null ? fail({ kind: 'bad-array', text }) : ok({ kind: 'array', indices: array.text })
}

/** A file's text, or null when it cannot be read. */
export function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
