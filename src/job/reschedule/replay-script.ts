import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { readArraySpec } from '../../contract/array-spec.ts'
import { ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { readSubstitutions } from '../../dataset/config.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { fileStatus } from '../../dataset/file-status.ts'
import { normalise } from '../../dataset/paths.ts'
import { expand } from '../../dataset/walk.ts'
import { quoteWord } from '../../provenance/shell-words.ts'
import type { Note } from '../note.ts'
import { fillPaths, fillWords } from '../schedule/placeholders.ts'
import type { Show } from '../schedule/prepared.ts'
import type { Context } from '../context.ts'
import type { Report } from '../report.ts'
import type { Repetition } from './repetition.ts'
import type { RescheduleRequest } from './reschedule-request.ts'

/** What stands for things that only the script itself will know; no file name holds these. */
const root = '\u0001root\u0001'
const temporary = '\u0001tmp\u0001'

/** Writes a POSIX script that runs the recorded commands in their order; nothing is submitted. */
export async function writeReplay(
  context: Context,
  request: RescheduleRequest,
  repetitions: readonly Repetition[],
  say: (status: Report['status'], note: Note, commit?: CommitId) => void,
  show: Show,
): Promise<void> {
  const parts: string[] = []
  for (const repetition of repetitions) {
    const part = await partOf(repetition)
    if (!part.ok) return say('impossible', part.failure, repetition.found.commit)
    parts.push(part.value)
  }
  const path = request.script
  if (parts.length === 0 || path === null) return
  const text = [header(context, request, parts.length), ...parts].join('\n')
  if (path === '-') return show(text, '')
  try {
    putScript(path, text)
  } catch (error) {
    return say('impossible', fromSystem('write', error))
  }
  say('ok', { kind: 'replay-written', path, records: parts.length })
}

/** A file of before is replaced whole, never written into: it may be a link into the annex. */
function putScript(path: string, text: string): void {
  const there = fileStatus(path)
  if (there !== undefined && !there.isFile() && !there.isSymbolicLink()) return writeFileSync(path, text)
  const beside = join(dirname(path), `.waybill-replay-${process.pid}`)
  writeFileSync(beside, text, { flag: 'wx', mode: 0o777 })
  renameSync(beside, path)
}

function header(context: Context, request: RescheduleRequest, records: number): string {
  const range = request.since === null ? request.revision : `${request.since}..${request.revision}`
  const dataset = context.dataset.id === null ? '' : ` in the dataset ${context.dataset.id}`
  return `#!/bin/sh
${comment(`Runs again what ${records === 1 ? 'one record' : `${records} records`} of ${range}${dataset} ${records === 1 ? 'holds' : 'hold, oldest first'}.
Written by waybill reschedule --script. It makes no records: it only runs the commands.
Usage: sh FILE [DATASET]    (default: the repository that the current directory is in)`)}
set -eu
root=$(cd -- "\${1:-.}" && git rev-parse --show-toplevel)
`
}

async function partOf(repetition: Repetition): Promise<Fallible<string, Note>> {
  const { found, there, request } = repetition
  const words = await filled(repetition)
  if (!words.ok) return words
  const stdin = request.repeat?.stdin ?? null
  const [line] = words.value
  // One word is a whole line for a shell.
  const command =
    words.value.length === 1 && line !== undefined
      ? `sh -c ${quoted(line)}`
      : words.value.map(quoted).join(' ')
  const fed = stdin === null ? command : `printf %s ${quoteWord(stdin.toString())} | ${command}`
  const folder = quoted(there === '.' ? root : `${root}/${there}`)
  return ok(`${comment(`${found.commit}\n${found.message.text}`)}
mkdir -p -- ${folder}
cd -- ${folder}
${inArray(request.array, fed)}
`)
}

/** An array of this machine: its command once for each index. */
function inArray(array: string | null, command: string): string {
  const spec = array === null ? null : readArraySpec(array)
  if (spec === null) return command
  return `for WAYBILL_ARRAY_TASK_ID in ${spec.indices.join(' ')}; do\nexport WAYBILL_ARRAY_TASK_ID\n${command}\ndone`
}

/** The words with their placeholders filled as they would be now, but for the places that the script finds itself. */
async function filled({ context, request, there }: Repetition): Promise<Fallible<readonly string[], Note>> {
  if (!request.words.some((word) => /[{}]/.test(word))) return ok(request.words)
  const configured = await readSubstitutions(context.dataset)
  if (!configured.ok) return configured
  const lists = { ...configured.value, inputs: request.inputs, outputs: request.outputs }
  const inputs = fillPaths(request.inputs, lists)
  if (!inputs.ok) return inputs
  const outputs = fillPaths(request.outputs, lists)
  if (!outputs.ok) return outputs
  return fillWords(request.words, {
    ...configured.value,
    inputs: inputs.value.flatMap((path) => namesNow(context, path)),
    outputs: outputs.value,
    pwd: there === '.' ? root : `${root}/${there}`,
    dspath: root,
    tmpdir: temporary,
  })
}

/** The files that a pattern names now, from the record's directory; the pattern itself where it names none. */
function namesNow(context: Context, written: string): readonly string[] {
  if (!existsSync(context.cwd)) return [written]
  const found = normalise(context.dataset, context.cwd, written, { patterns: true })
  const paths = found.ok && found.value.pattern ? [...expand(context.dataset.root, found.value)] : []
  return paths.length === 0
    ? [written]
    : paths.map((path) => relative(context.cwd, join(context.dataset.root, path)))
}

function quoted(word: string): string {
  const pieces = word.split(/(\u0001(?:root|tmp)\u0001)/).filter((piece) => piece !== '')
  if (pieces.length === 0) return "''"
  return pieces
    .map((piece) => (piece === root ? '"$root"' : piece === temporary ? '"$(mktemp -d)"' : quoteWord(piece)))
    .join('')
}

/** Text of anybody's as comment lines: only a newline could end one, and no terminal is told anything. */
function comment(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines
    .map((line) => `# ${line.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')}`.trimEnd())
    .join('\n')
}
