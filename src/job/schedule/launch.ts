import { join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { shellQuote } from '../../contract/shell-quote.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { checkMessagesFile, contextFile, messagesFile, writeJobFolder } from '../../launcher/folder.ts'
import { payloadEnvironment } from '../../pipes/environment.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { Note } from '../note.ts'
import type { Prepared } from './prepared.ts'

/** Writes what `start.sh` needs below the job's folder, where the request launches a payload. */
export function writeLaunch(context: Context, prepared: Prepared, job: Job): Fallible<null, Note> {
  const { launch } = prepared.request
  if (launch === undefined) return ok(null)
  const folder = payloadFolder(context, job.token)
  const { cwd, words, env } = launch
  const files = { context: contextFile(folder, 0), messages: messagesFile(folder, 0) }
  const checks = launch.checks.map((check, i) => {
    const own = payloadEnvironment({ ...files, messages: checkMessagesFile(folder, 0, i + 1) })
    return { ...check, env: { ...check.env, ...own } }
  })
  try {
    writeJobFolder(folder, {
      scheduler: prepared.command.scheduler,
      cwd,
      env: { ...env, ...payloadEnvironment(files) },
      payload: { words, env: {}, context: launch.context, checks },
    })
    return ok(null)
  } catch (error) {
    return fail(fromSystem('copy', error))
  }
}

/** The words that are really run: those of the request, or what starts the payload in their place. */
export function wordsToRun(context: Context, prepared: Prepared, job: Job): readonly string[] {
  const { words, request, command } = prepared
  if (request.launch === undefined) return words
  const folder = payloadFolder(context, job.token)
  const start = ['sh', join(folder, 'start.sh'), folder]
  if (command.scheduler === 'local') return start
  return [...words.slice(0, -1), `exec ${start.map(shellQuote).join(' ')}`]
}
