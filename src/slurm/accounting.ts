import { fail, ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { EpochSeconds, SchedulerJobId } from '../contract/ids.ts'
import type { Row } from '../contract/scheduler.ts'
import type { SlurmFailure } from './failure.ts'
import { readPartName } from './job-name-parts.ts'
import { fieldSeparator, query } from './query.ts'
import type { Answer, QuerySettings } from './query.ts'
import { knownFacts } from './slurm-facts.ts'
import { usageOf, usageOfSteps, type Cells } from './usage-facts.ts'
import { readCount, readExit, readState, readTime, readWord } from './values.ts'

/**
 * Fields that every sacct from 21.08 on has (`Restarts` is not one, and `Planned` was `Reserved` before). Free text stands
 * last.
 */
const columns = (
  'JobID,Cluster,User,State,Reason,ExitCode,Submit,Eligible,Start,End,ElapsedRaw,TimelimitRaw,CPUTimeRAW,TotalCPU,MaxRSS,' +
  'TRESUsageInAve,TRESUsageInTot,ConsumedEnergyRaw,ReqTRES,AllocTRES,NNodes,NCPUS,NodeList,Partition,Account,QOS,' +
  'WorkDir,JobName,SubmitLine'
).split(',')

/** What sacct has to fetch lists of names for, by a question to slurmdbd each: on a quiet cluster 0.1 s. */
const named: ReadonlySet<string> = new Set([
  'TRESUsageInAve',
  'TRESUsageInTot',
  'ReqTRES',
  'AllocTRES',
  'QOS',
])

/** What it has without: the controller knows the names. */
const briefColumns = ['JobID', 'QOSRAW', 'ReqMem', 'NTasks', ...columns.slice(1)].filter(
  (column) => !named.has(column),
)

/** One attempt of one part, and the whole command line that submitted it. */
export interface AccountingEntry {
  readonly row: Row
  readonly submitLine: string
  /** Its end, where accounting has not heard of its beginning yet: then the row says nothing of an end. */
  readonly end: EpochSeconds | null
  /** How many tasks its largest step had, where that was asked. */
  readonly tasks: number
}

/** How much is asked: states alone; all facts, those of steps too; or of these what accounting alone knows. */
export type Depth = 'states' | 'facts' | 'brief'

/** How sacct is asked: each time anew, unless looks are shared. */
type Ask = (
  settings: QuerySettings,
  program: string,
  args: readonly string[],
) => Promise<Fallible<Answer, SlurmFailure>>

/** Bytes of job ids in one question: the kernel allows 128 KiB an argument. */
const pieceBytes = 100_000

/** A sacct that says this with exit code 0 has still not been answered. */
const silence =
  /error:.*(Connection refused|timed out|Unable to connect|Problem talking|slurm_persist_conn|slurmdbd)/i

/**
 * Every attempt of some jobs as accounting has them: one row an attempt of a part, in order of submission. Asks once, or a
 * few times when the ids are very many.
 */
export async function askAccounting(
  settings: QuerySettings,
  jobs: readonly string[],
  cluster: string | null,
  depth: Depth,
  ask: Ask = query,
): Promise<Fallible<readonly AccountingEntry[], SlurmFailure>> {
  const asked = depth === 'brief' ? briefColumns : columns
  const entries: AccountingEntry[] = []
  for (const ids of pieces(jobs)) {
    const whole = depth === 'states' ? ['-X'] : []
    const where = cluster === null ? [] : ['-M', cluster]
    const args = ['-D', ...whole, ...where, '-j', ids, '-o', asked.join(',')]
    const answer = await sacct(settings, args, ask)
    if (!answer.ok) return answer
    entries.push(...readAccounting(answer.value, asked))
  }
  return ok(entries)
}

/** Runs sacct with our separators; tells apart accounting that is off, and one that cannot be reached. */
export async function sacct(
  settings: QuerySettings,
  args: readonly string[],
  ask: Ask = query,
): Promise<Fallible<string, SlurmFailure>> {
  const answer = await ask(settings, 'sacct', ['-n', '-a', '-P', `--delimiter=${fieldSeparator}`, ...args])
  if (answer.ok) {
    const { stdout, stderr } = answer.value
    return silence.test(stderr) ? fail({ kind: 'slurm-error', program: 'sacct', words: stderr }) : ok(stdout)
  }
  const off =
    answer.failure.kind === 'slurm-error' && /accounting storage is disabled/i.test(answer.failure.words)
  return off ? fail({ kind: 'accounting-off' }) : answer
}

/**
 * Reads what sacct prints with our columns, or with those of a recording that has fewer. Steps follow their job, and become
 * part of its row.
 */
export function readAccounting(text: string, asked: readonly string[] = columns): readonly AccountingEntry[] {
  const attempts: (Omit<AccountingEntry, 'tasks'> & { readonly steps: readonly Cells[] })[] = []
  const cellsOf = (fields: readonly string[]): Cells => ({
    get: (column) => fields[asked.indexOf(column)] ?? '',
  })
  for (const fields of sacctRecords(text, asked.length)) {
    const [name = ''] = fields
    const part = readPartName(name)
    const last = attempts.at(-1)
    if (part !== null) {
      const cells = cellsOf(fields)
      attempts.push({
        row: readRow(cells, part),
        submitLine: fields.at(-1) ?? '',
        end: isHalf(cells) ? readTime(cells.get('End')) : null,
        steps: [],
      })
    } else if (last) attempts[attempts.length - 1] = { ...last, steps: [...last.steps, cellsOf(fields)] }
  }
  return attempts.map(({ row, steps, ...entry }) => ({
    ...entry,
    row: steps.length > 0 ? withSteps(row, steps) : row,
    tasks: steps.reduce((most, { get }) => Math.max(most, readCount(get('NTasks')) ?? 0), 0),
  }))
}

/** Splits sacct's lines into records of so many fields; a line that begins none continues the last field above. */
export function sacctRecords(text: string, width: number): readonly (readonly string[])[] {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const begins = new RegExp(
      `^\\d[\\d_+]*(_\\[[^\\]]*\\])?(\\.[^${fieldSeparator}]*)?${fieldSeparator}`,
    ).test(line)
    if (begins || lines.length === 0) lines.push(line)
    else lines.push(`${lines.pop()}\n${line}`)
  }
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const parts = line.replace(/\n$/, '').split(fieldSeparator)
      return [...parts.slice(0, width - 1), parts.slice(width - 1).join(fieldSeparator)]
    })
}

/** slurmdbd may hear of a job's end before its beginning: for a moment the row has no name and no QOS (seen on 22.05). */
function isHalf({ get }: Cells): boolean {
  return get('JobName') === 'allocation' && (get('QOS') === 'Unknown' || get('QOSRAW') === '0')
}

function readRow({ get }: Cells, part: NonNullable<ReturnType<typeof readPartName>>): Row {
  const half = isHalf({ get })
  return {
    job: part.job as SchedulerJobId,
    cluster: readWord(get('Cluster')),
    task: part.task,
    folded: part.folded,
    component: part.component,
    state: readState(get('State')),
    reason: readWord(get('Reason')),
    exit: readExit(get('ExitCode')),
    submitted: readTime(get('Submit')),
    started: readTime(get('Start')),
    ended: half ? null : readTime(get('End')),
    user: readWord(get('User')),
    facts: knownFacts({
      name: half ? null : get('JobName'),
      ...usageOf({ get }),
      node_list: get('NodeList') === 'None assigned' ? null : readWord(get('NodeList')),
      partition: readWord(get('Partition')),
      account: readWord(get('Account')),
      qos: half ? null : readWord(get('QOS')),
      work_dir: readWord(get('WorkDir')),
    }),
  }
}

function withSteps(row: Row, steps: readonly Cells[]): Row {
  const bad = steps.flatMap(({ get }) => {
    const state = readState(get('State'))
    // A job that failed, or was ended, has steps that were: only in one that did well they are news.
    return row.state !== 'COMPLETED' || state === 'COMPLETED'
      ? []
      : [`${get('JobID').replace(/^[^.]*\./, '')} ${state}`]
  })
  const facts = knownFacts({
    ...row.facts,
    ...usageOfSteps(row.facts, steps),
    step_states: bad.length > 0 ? bad : null,
  })
  return { ...row, facts }
}

/** Ids in lists with commas between them, each short enough for one argument. */
export function pieces(ids: readonly string[]): readonly string[] {
  const lists: string[] = []
  let list = ''
  for (const id of ids) {
    if (list.length + id.length + 1 > pieceBytes) {
      lists.push(list)
      list = ''
    }
    list = list === '' ? id : `${list},${id}`
  }
  return list === '' ? lists : [...lists, list]
}
