import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { SlurmFailure } from './failure.ts'
import { query } from './query.ts'
import type { QuerySettings } from './query.ts'

/** `scontrol show job` of one job or one task: keys and values as Slurm writes them, `(null)` included. */
export type JobRecord = Readonly<Record<string, string>>

/** Lines that hold one value to their end, whatever is in it. */
const wholeLines =
  /^(Command|WorkDir|Comment|AdminComment|SystemComment|StdErr|StdIn|StdOut|SubmitLine|Extra)$/

/**
 * Describes a job: one record, or one a task of an array or a component; `id` null: all jobs of the cluster. Unknown and
 * forgotten jobs have none.
 */
export async function showJob(
  settings: QuerySettings,
  id: string | null,
  cluster: string | null,
): Promise<Fallible<readonly JobRecord[], SlurmFailure>> {
  const where = cluster === null ? [] : ['-M', cluster]
  const what = id === null ? [] : [id]
  const answer = await query(settings, 'scontrol', [...where, '-a', 'show', 'job', ...what])
  if (answer.ok) return ok(readJobs(answer.value.stdout))
  const unknown = answer.failure.kind === 'slurm-error' && /Invalid job id/i.test(answer.failure.words)
  return unknown ? ok([]) : answer
}

/**
 * The same for many jobs, by one process that reads its commands from its input (it takes one id a command: lists are an
 * error in 22.05). It costs what these jobs cost, where a question about all of the cluster costs what others have there.
 */
export async function showManyJobs(
  settings: QuerySettings,
  ids: readonly string[],
  cluster: string | null,
): Promise<Fallible<readonly JobRecord[], SlurmFailure>> {
  const where = cluster === null ? [] : ['-M', cluster]
  const answer = await query(settings, 'scontrol', [...where, '-a'], {
    input: ids.map((id) => `show job ${id}\n`).join(''),
    partly: true,
  })
  // It repeats what it reads, behind its prompt.
  return answer.ok
    ? ok(
        ids.length === 0
          ? []
          : readJobs(answer.value.stdout.replaceAll(/^scontrol: (?:show job [\d_]+)?\n?/gm, '')),
      )
    : answer
}

/** Reads what `scontrol show job` prints. Values may hold spaces, `=` and newlines. */
export function readJobs(text: string): readonly JobRecord[] {
  return text
    .split(/(?<=^|\n\n)(?=JobId=\d+ )/)
    .filter((record) => record.startsWith('JobId='))
    .map(readRecord)
}

function readRecord(text: string): JobRecord {
  const record: Record<string, string> = {}
  // A field's line is indented by three blanks; any other line goes on with the value above it.
  const lines = text.trimEnd().split(/\n {3}(?=[A-Za-z][\w:/&]*=|\s*$)/)
  for (const [i, line] of lines.entries()) {
    const first = /^([A-Za-z][\w:/&]*)=/.exec(line)?.[1]
    if (first === undefined) continue
    if (i === 0) readHead(record, line)
    // Slurm puts one blank after a comment.
    else if (wholeLines.test(first)) record[first] = line.slice(first.length + 1).replace(/ $/, '')
    else readFields(record, line)
  }
  return record
}

/** The first line ends with the job's name, which may hold anything. */
function readHead(record: Record<string, string>, line: string): void {
  const at = line.indexOf('JobName=')
  readFields(record, at < 0 ? line : line.slice(0, at))
  if (at >= 0) record['JobName'] = line.slice(at + 'JobName='.length)
}

function readFields(record: Record<string, string>, line: string): void {
  for (const field of line.split(/ +(?=[A-Za-z][\w:/&]*=)/)) {
    const equals = field.indexOf('=')
    if (equals > 0) record[field.slice(0, equals)] = field.slice(equals + 1).trim()
  }
}

/**
 * Keys that say who submitted, and where: they are in no file of ours (datalad-slurm leaves out the first and the third).
 * Slurm sends mail to the user's name unless told otherwise.
 */
const personal: ReadonlySet<string> = new Set(['UserId', 'GroupId', 'JobId', 'AllocNode:Sid', 'MailUser'])

/** What goes into `slurm-job-<id>.env.json`: datalad-slurm's flat object of texts, without what names people or hosts of login. */
export function environmentFacts(record: JobRecord): JobRecord {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !personal.has(key)))
}
