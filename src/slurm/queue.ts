import { ok } from '../contract/fallible.ts'
import type { Fallible } from '../contract/fallible.ts'
import type { SchedulerJobId } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { Row } from '../contract/scheduler.ts'
import type { SlurmFailure } from './failure.ts'
import { readPartName } from './job-name-parts.ts'
import { askTogether, freshNeed } from './ask-together.ts'
import type { Shared, SharingSettings } from './ask-together.ts'
import { fieldSeparator, recordSeparator } from './query.ts'
import { knownFacts } from './slurm-facts.ts'
import type { Need } from './spacing.ts'
import { readCount, readDuration, readState, readTime, readWord } from './values.ts'

/** Free text stands last: a job's name may hold even our separators, and is what lies between the others. */
const columns = '%i %A %T %r %V %S %e %M %u %P %a %q %D %C %N %j %Z %k'.split(' ')

const format = columns.join(fieldSeparator) + recordSeparator

/** A line of squeue. `rawId` is the task's own job id; `comment` the one Slurm keeps. */
export interface QueueEntry {
  readonly row: Row
  readonly rawId: string
  readonly comment: string
}

/** What the queue said, to us or to another process of the user's. */
export interface QueueTold extends Omit<Shared, 'answer'> {
  readonly answer: Fallible<readonly QueueEntry[], SlurmFailure>
}

/**
 * All jobs of some users that the controller remembers, in any state and any partition, in one question that all
 * processes of ours share. Pending tasks of an array come folded. `cluster` null is the one that squeue asks by itself.
 * `wanted`: the jobs whose lines are read; of a user who has just run many, most are others.
 */
export async function askQueue(
  settings: SharingSettings,
  users: readonly string[],
  cluster: string | null,
  need: Need = freshNeed(settings),
  wanted: ReadonlySet<string> | null = null,
): Promise<QueueTold> {
  const who = users.length === 0 ? [] : ['-u', users.toSorted().join(',')]
  const where = cluster === null ? [] : ['-M', cluster]
  const args = ['-h', '-a', '-t', 'all', ...where, ...who, '-o', format]
  const { asked, again, answer } = await askTogether(settings, 'squeue', args, need)
  return { asked, again, answer: answer.ok ? ok(readQueue(answer.value.stdout, cluster, wanted)) : answer }
}

/** Reads what `squeue -h -o` prints with our format. What is no record belongs to the one before it. */
export function readQueue(
  text: string,
  cluster: string | null,
  wanted: ReadonlySet<string> | null = null,
): readonly QueueEntry[] {
  return records(text, wanted).flatMap((fields) => {
    const entry = readEntry(fields, cluster)
    return entry === null ? [] : [entry]
  })
}

function readEntry(fields: readonly string[], cluster: string | null): QueueEntry | null {
  const [name = '', rawId = '', state = '', reason = '', submit = '', start = '', end = '', elapsed = ''] =
    fields
  const [user = '', partition = '', account = '', qos = '', nodes = '', cores = '', nodeList = ''] =
    fields.slice(8)
  const jobName = fields.slice(15, -2).join(fieldSeparator)
  const [workDir = '', comment = ''] = fields.slice(-2)
  const part = readPartName(name)
  if (part === null) return null
  const word = readState(state)
  const waits = phaseOf(word) === 'waiting'
  const row: Row = {
    job: part.job as SchedulerJobId,
    cluster,
    task: part.task,
    folded: part.folded,
    component: part.component,
    state: word,
    reason: readWord(reason),
    exit: null,
    submitted: readTime(submit),
    // The start and end of a job that still waits or runs are the scheduler's guesses.
    started: waits ? null : readTime(start),
    ended: phaseOf(word) === 'over' ? readTime(end) : null,
    user: readWord(user),
    facts: knownFacts({
      name: jobName,
      elapsed_seconds: waits ? null : readDuration(elapsed),
      nodes: readCount(nodes),
      cores: readCount(cores),
      node_list: readWord(nodeList),
      partition: readWord(partition),
      account: readWord(account),
      qos: readWord(qos),
      work_dir: readWord(workDir),
    }),
  }
  return { row, rawId, comment: comment === '(null)' ? '' : comment }
}

/**
 * Splits records into fields. A record begins with a part's name and a separator; anything else is what comes after
 * our separators inside a job's name, and belongs to the record before it.
 */
function records(text: string, wanted: ReadonlySet<string> | null): readonly (readonly string[])[] {
  const wholes: string[] = []
  let kept = false
  for (const piece of text.split(`${recordSeparator}\n`)) {
    const part = readPartName(piece.slice(0, Math.max(0, piece.indexOf(fieldSeparator))))
    if (part !== null) {
      kept = wanted === null || wanted.has(part.job)
      if (kept) wholes.push(piece)
    } else if (kept && piece !== '') wholes.push(`${wholes.pop()}${recordSeparator}\n${piece}`)
  }
  return wholes
    .map((whole) => whole.split(fieldSeparator))
    .filter((fields) => fields.length >= columns.length)
}
