import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { pythonJson, type Json } from './python-json.ts'
import type { OldTitle, RecordMessage, RecordTitle, RunRecord } from './record.ts'

const above = '=== Do not change lines below ==='
const below = '^^^ Do not change lines above ^^^'

/** Why a commit message gives no record that can be used. */
export type RecordFailure =
  { readonly kind: 'no-record' } | { readonly kind: 'bad-record'; readonly detail: string }

/**
 * Writes a record's commit message in DataLad's form, ending in one newline. A line of the text that begins like one of
 * the two around the record is indented.
 */
export function writeMessage(title: RecordTitle, text: string, record: RunRecord): string {
  const free = text
    .split('\n')
    .map((line) => (line.startsWith(above) || line.startsWith(below) ? `  ${line}` : line))
    .join('\n')
  return `[${title}] ${free}\n\n${above}\n${pythonJson(withoutUndefined(record))}\n${below}\n`
}

/** Reads a commit message: ours, DataLad's or datalad-slurm's. Free text above the title is no record, as for them. */
export function readMessage(message: string): Fallible<RecordMessage, RecordFailure> {
  const title = /^\[(DATALAD [A-Z ]+)\] /.exec(message)?.[1]
  if (title === undefined || !isTitle(title)) return fail({ kind: 'no-record' })
  const found = findRecord(message)
  if (!found.ok) return found
  const { from, parsed } = found.value
  const text = message.slice(title.length + 3, from).trimEnd()
  if (typeof parsed === 'string') return ok({ title, text, record: parsed })
  const record = checkRecord(parsed)
  return record.ok ? ok({ title, text, record: record.value }) : record
}

/**
 * The JSON between the lines around the record. As for DataLad, whose expression is greedy, the last opening line counts;
 * but where no JSON follows that one, an earlier one may be meant.
 */
function findRecord(
  message: string,
): Fallible<{ readonly from: number; readonly parsed: unknown }, RecordFailure> {
  let detail: string | null = null
  const to = message.lastIndexOf(`\n${below}`)
  const before = (position: number): number =>
    position < 0 ? -1 : message.lastIndexOf(`${above}\n`, position)
  for (let from = before(to); from >= 0; from = before(from - 1)) {
    const start = from + above.length + 1
    // Text below the record may hold a closing line too.
    for (const end of new Set([to, message.indexOf(`\n${below}`, start)])) {
      if (end < start) continue
      try {
        return ok({ from, parsed: JSON.parse(message.slice(start, end)) as unknown })
      } catch (error) {
        detail ??= `not JSON: ${error instanceof Error ? error.message : String(error)}`
      }
    }
  }
  return bad(detail ?? 'the lines around the record are missing')
}

const titles: ReadonlySet<string> = new Set<RecordTitle | OldTitle>([
  'DATALAD SLURM RUN',
  'DATALAD RUNCMD',
  'DATALAD SCHEDULE',
  'DATALAD RESCHEDULE',
  'DATALAD FINISH',
])

function isTitle(text: string): text is RecordTitle | OldTitle {
  return titles.has(text)
}

/** Proves that parsed JSON has a record's shape, filling lists that older releases left out. */
export function checkRecord(value: unknown): Fallible<RunRecord, RecordFailure> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad('it is not an object')
  const raw = value as Readonly<Record<string, unknown>>
  const cmd = raw['cmd']
  if ((typeof cmd !== 'string' && !isStrings(cmd)) || cmd.length === 0) return bad('it has no command')
  // JSON can say it, but no program's arguments and no path can.
  const words = [cmd, raw['pwd'], raw['outputs'], raw['inputs'], raw['extra_inputs']].flat()
  if (words.some((one) => typeof one === 'string' && one.includes('\0')))
    return bad('it holds a NUL character')
  const lists = {
    chain: raw['chain'],
    inputs: raw['inputs'],
    extra_inputs: raw['extra_inputs'],
    outputs: raw['outputs'],
  }
  for (const [key, list] of Object.entries(lists)) {
    if (list !== undefined && list !== null && !isStrings(list))
      return bad(`"${key}" is not a list of strings`)
  }
  const slurmOutputs = raw['slurm_outputs'] ?? raw['slurm_run_outputs']
  if (slurmOutputs !== undefined && !isStrings(slurmOutputs))
    return bad('"slurm_outputs" is not a list of strings')
  const { pwd, dsid, exit, alt_dir: altDir, commit_id: commitId, slurm_job_id: slurmJobId, waybill } = raw
  return ok({
    cmd,
    chain: strings(lists.chain),
    inputs: strings(lists.inputs),
    extra_inputs: strings(lists.extra_inputs),
    outputs: strings(lists.outputs),
    ...(typeof pwd === 'string' ? { pwd } : {}),
    ...(typeof dsid === 'string' || typeof dsid === 'number' ? { dsid } : {}),
    ...(typeof exit === 'number' ? { exit } : {}),
    ...(typeof altDir === 'string' ? { alt_dir: altDir } : {}),
    ...(typeof commitId === 'string' || commitId === null ? { commit_id: commitId } : {}),
    ...(typeof slurmJobId === 'number' ? { slurm_job_id: slurmJobId } : {}),
    ...(slurmOutputs === undefined ? {} : { slurm_outputs: slurmOutputs.filter((path) => path !== '') }),
    ...(isObject(waybill) ? { waybill } : {}),
  })
}

function bad(detail: string): { readonly ok: false; readonly failure: RecordFailure } {
  return fail({ kind: 'bad-record', detail })
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function strings(value: unknown): readonly string[] {
  return isStrings(value) ? value : []
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutUndefined(record: RunRecord): Json {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
