import { statSync } from 'node:fs'
import { isGone } from '../launcher/markers.ts'
import { messagesFile } from '../launcher/folder.ts'
import { readMessages, type Position } from '../pipes/read-messages.ts'
import { payloadFolder, type Context, type Job } from './context.ts'

/** The name of the one file of messages of a task's payload, as the ledger keeps it. */
const file = 'messages'

/** So many stretches of a file are read at once: who says much must not keep all others waiting. */
const most = 4

/** How far the messages of running tasks were read, as far as this process knows. */
export type Heard = Map<string, Position | null>

/**
 * Reads on in what the payload of a running task says, and keeps it in the ledger; tells whether there was something, and maybe
 * is more.
 */
export function listen(context: Context, job: Job, task: number, heard: Heard): boolean {
  const path = messagesFile(payloadFolder(context, job.token), task)
  const key = `${job.id} ${task}`
  try {
    let from = heard.get(key) ?? null
    if (from !== null && statSync(path).size === from.offset) return false
    from = heard.has(key) ? from : keptPosition(context, job, task)
    let read = 0
    for (const { events, position: to } of readMessages(path, from, false)) {
      const stretch = { job: job.id, task, file, from, to, at: context.now(), events }
      // Seen and no more: lost in a power failure, it is read again.
      const kept = context.ledger.unforced(() => context.ledger.keepMessages(stretch))
      from = kept ? to : keptPosition(context, job, task)
      heard.set(key, from)
      if (!kept || ++read === most) return true
    }
    heard.set(key, from)
    return read > 0
  } catch (error) {
    // Another user's, or not there yet: at the end all is read that can be.
    if (isGone(error) || (error instanceof Error && 'code' in error && error.code === 'EACCES')) return false
    throw error
  }
}

function keptPosition(context: Context, job: Job, task: number): Position | null {
  const kept = context.ledger.positionsOf(job.id).find((one) => one.task === task && one.file === file)
  return (kept?.position ?? null) as Position | null
}
