import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { readObjects } from '../../dataset/objects.ts'
import type { RecordMessage, RunRecord } from '../../provenance/record.ts'
import { joinWords, splitLine } from '../../provenance/shell-words.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import { withOverrides } from './overrides.ts'
import { recordedOutputs } from './recorded-outputs.ts'
import type { Repeatable } from './repeatable.ts'
import type { RescheduleRequest } from './reschedule-request.ts'
import type { Repeat, ScheduleRequest } from '../schedule/request.ts'
import { recordedTemplates, withoutTaskPaths } from '../schedule/task-paths.ts'

/** What `schedule` is asked to do for a record. `context.cwd` is the record's directory. */
export async function requestOf(
  context: Context,
  request: RescheduleRequest,
  found: Repeatable,
): Promise<Fallible<ScheduleRequest & { readonly repeat: Repeat }, Note>> {
  const { commit, message, record } = found
  const words = wordsOf(message, record)
  if (!words.ok) return words
  const local = message.title === 'DATALAD RUNCMD'
  if (local && request.overrides.length > 0)
    return fail({ kind: 'overrides-need-sbatch', cmd: joinWords(words.value) })
  const cmd = typeof record.cmd === 'string' ? record.cmd : joinWords(record.cmd)
  const command = withOverrides(context, { words: words.value, cmd }, request.overrides)
  if (!command.ok) return command
  const stdin = await recordedStdin(context, commit, record)
  if (!stdin.ok) return stdin
  const outputs = await recordedOutputs(context, found)
  if (!outputs.ok) return outputs
  const ofTasks = recordedTemplates(record)
  const array = record.waybill?.['array']
  return ok({
    words: command.value.words,
    inputs: record.inputs,
    outputs: [...withoutTaskPaths(outputs.value, ofTasks), ...ofTasks],
    message: request.message ?? freeText(message),
    dryRun: null,
    scheduler: local ? 'local' : 'slurm',
    array: typeof array === 'string' ? array : null,
    after: [],
    freshOutputs: false,
    reserveAll: true,
    assumeReady: request.assumeReady,
    expand: null,
    checkOutputs: true,
    altDir: request.altDir,
    keepAltDir: request.keepAltDir,
    container: null,
    transfers: request.transfers,
    readStdin: null,
    repeat: {
      chain: [...record.chain, commit],
      commit,
      slurmJobId: record.slurm_job_id ?? null,
      extraInputs: record.extra_inputs,
      cmd: command.value.cmd,
      stdin: stdin.value,
      scriptCopy: scriptCopy(commit, record),
      replaces: null,
    },
  })
}

/** The words to run. A command of this machine's is a shell's line, as DataLad runs it; sbatch's must be words. */
export function wordsOf(message: RecordMessage, record: RunRecord): Fallible<readonly string[], Note> {
  if (typeof record.cmd !== 'string') return ok(record.cmd)
  if (message.title === 'DATALAD RUNCMD') return ok([record.cmd])
  const split = splitLine(record.cmd)
  // A shell runs it, as datalad-slurm does, and its sbatch is found there.
  if (split.kind === 'needs-shell') return ok([record.cmd])
  if (split.kind === 'unfinished')
    return fail({ kind: 'unfinished-quote', line: record.cmd, quote: split.quote })
  return ok(split.words)
}

/** The text of a script that was typed into sbatch: it has no other place than the record's own commit. */
async function recordedStdin(
  context: Context,
  commit: CommitId,
  record: RunRecord,
): Promise<Fallible<Buffer | null, Note>> {
  const script = record.waybill?.['script']
  const copy = scriptCopy(commit, record)
  if (typeof script !== 'object' || script === null || !('from' in script) || copy === null) return ok(null)
  const read = await readObjects(context.dataset, [copy])
  return read.ok ? ok(read.value[0]?.content ?? null) : read
}

function scriptCopy(commit: CommitId, record: RunRecord): string | null {
  const script = record.waybill?.['script']
  const known = typeof script === 'object' && script !== null && 'copy' in script
  return known ? `${commit}:${String(script.copy)}` : null
}

/** The user's own words in a record's message, without the title and what we say of re-submissions. */
export function freeText(message: RecordMessage): string | null {
  const paragraphs = message.text.split(/\n{2,}/)
  const own = message.title === 'DATALAD RUNCMD' ? paragraphs : paragraphs.slice(1)
  const text = own.filter((paragraph) => !/^Re-submission of job \d+\.$/.test(paragraph)).join('\n\n')
  return text === '' ? null : text
}
