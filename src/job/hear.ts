import { parseIndices } from '../contract/index-set.ts'
import { checkMessagesFile, messagesFile } from '../launcher/folder.ts'
import type { PipesEvent } from '../pipes/event.ts'
import { readMessages, type Position } from '../pipes/read-messages.ts'
import { runningChecks } from './checks/declared.ts'
import { payloadFolder, type Context, type Job } from './context.ts'

/** Something that a payload said, or the check of that name, as the ledger keeps it. */
export type Heard = PipesEvent & { readonly ofCheck?: string }

/** So many messages are read from the ledger at once. */
const atOnce = 1000

/** What so many tasks said is kept in one transaction. */
const tasksAtOnce = 100

/** Files of messages of a task, by the names that the ledger has for them: its payload's, and those of its checks. */
function filesOf(
  context: Context,
  job: Job,
  task: number,
): readonly { readonly file: string; readonly path: string; readonly check: string | null }[] {
  const folder = payloadFolder(context, job.token)
  return [
    { file: 'messages', path: messagesFile(folder, task), check: null },
    ...runningChecks(job.spec.checks).map((check, i) => ({
      file: `messages.${i + 1}`,
      path: checkMessagesFile(folder, task, i + 1),
      check,
    })),
  ]
}

/** Reads what was not read yet of the messages of a job that is over, and keeps it in the ledger. */
export function hearOut(context: Context, job: Job): void {
  const { parts } = job.spec
  const tasks = parts.kind === 'array' ? parseIndices(parts.indices) : [0]
  const known = new Map(
    context.ledger
      .positionsOf(job.id)
      .map(({ task, file, position }) => [`${task} ${file}`, position as Position]),
  )
  const hear = (task: number): void => {
    for (const one of filesOf(context, job, task))
      hearFile(context, job, { task, ...one, known: known.get(`${task} ${one.file}`) ?? null })
  }
  const [only] = tasks
  // What a single one said may be long, and others want to write meanwhile.
  if (tasks.length === 1 && only !== undefined) return hear(only)
  for (let i = 0; i < tasks.length; i += tasksAtOnce) {
    context.ledger.transaction(() => {
      for (const task of tasks.slice(i, i + tasksAtOnce)) hear(task)
    })
  }
}

function hearFile(
  context: Context,
  job: Job,
  from: {
    readonly task: number
    readonly file: string
    readonly path: string
    readonly check: string | null
    readonly known: Position | null
  },
): void {
  const { task, file, path, check } = from
  let { known } = from
  try {
    for (const { events, position: to } of readMessages(path, known, true)) {
      const said = check === null ? events : events.map((event): Heard => ({ ...event, ofCheck: check }))
      const read = { job: job.id, task, file, from: known, to, at: context.now(), events: said }
      // Somebody else reads them just now: the same will be kept.
      if (!context.ledger.keepMessages(read)) return
      known = to
    }
  } catch (error) {
    // Another user's: what it said is not ours to read.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) throw error
  }
}

/** All that the payloads of a job and their checks said, in the order in which it was kept. */
export function* heardFrom(
  context: Context,
  job: Job,
): Generator<{ readonly task: number; readonly event: Heard }, void> {
  for (let after = 0; ;) {
    const messages = context.ledger.messagesOf(job.id, after, atOnce)
    for (const { task, event } of messages) yield { task, event: event as Heard }
    const last = messages.at(-1)
    if (last === undefined || messages.length < atOnce) return
    after = last.n
  }
}

/** Of what was said, in order, that which belongs to the newest attempt. */
export function ofNewestAttempt<T extends PipesEvent>(said: readonly T[]): readonly T[] {
  return said.slice(said.findLastIndex(({ kind }) => kind === 'attempt') + 1)
}
