import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { SubmitRequest } from '../../contract/scheduler.ts'
import { shellQuote } from '../../contract/shell-quote.ts'
import { fromSystem } from '../../dataset/failure.ts'
import {
  checkMessagesFile,
  contextFile,
  messagesFile,
  startName,
  startParameters,
  startScript,
  writeJobFolder,
  type TaskWork,
} from '../../launcher/folder.ts'
import { payloadEnvironment } from '../../pipes/environment.ts'
import { sbatchShim } from '../../slurm/self-submission.ts'
import { payloadFolder, type Context, type Job } from '../context.ts'
import type { Note } from '../note.ts'
import type { Prepared } from './prepared.ts'

/** Writes what `start.sh` needs below the job's folder, where the request launches a payload. */
export function writeLaunch(context: Context, prepared: Prepared, job: Job): Fallible<null, Note> {
  const { launch } = prepared.request
  if (launch === undefined) return ok(null)
  const folder = payloadFolder(context, job.token)
  const { cwd, env, tasks } = launch
  const { scheduler, parts } = prepared.command
  const isArray = parts.kind === 'array'
  const each = withFiles(folder, tasks, isArray)
  const [first] = isArray ? [] : each
  try {
    const payload = first === undefined ? each : first[1]
    writeJobFolder(folder, { scheduler, cwd, env, payload, shared: context.dataset.shared })
    // It cannot stand on a PATH else.
    if (!folder.includes(':')) symlinkSync(payloadScripts(context), join(folder, 'bin'))
    return ok(null)
  } catch (error) {
    return fail(fromSystem('copy', error))
  }
}

/** What starts payloads: each job would have a copy of its own else. */
function payloadScripts(context: Context): string {
  return context.payloadScripts(() => [startScript(), sbatchShim()])
}

/** Each task with the files of its own. */
function withFiles(
  folder: string,
  tasks: Iterable<TaskWork>,
  isArray: boolean,
): Iterable<readonly [number, TaskWork]> {
  return {
    *[Symbol.iterator]() {
      let index = 0
      for (const { env, checks = [], ...task } of tasks) {
        const files = {
          context: contextFile(folder, isArray ? index : null),
          messages: messagesFile(folder, index),
        }
        const own = checks.map((check, i) => {
          const messages = checkMessagesFile(folder, index, i + 1)
          return { ...check, env: { ...check.env, ...payloadEnvironment({ ...files, messages }) } }
        })
        yield [index, { ...task, env: { ...env, ...payloadEnvironment(files) }, checks: own }]
        index++
      }
    },
  }
}

/** Words as a scheduler takes them. */
export type WordsToRun = Pick<SubmitRequest, 'words' | 'isShellFile'>

/** What is really run: the words of the request, or what starts the payload in their place. */
export function wordsToRun(context: Context, prepared: Prepared, job: Job): WordsToRun {
  const { words, request, command } = prepared
  if (request.launch === undefined) return { words }
  const folder = payloadFolder(context, job.token)
  const start = join(payloadScripts(context), startName)
  const parameters = startParameters(folder, command.scheduler)
  if (command.scheduler === 'local') return { words: [start, ...parameters], isShellFile: true }
  const wrap = request.launch.script === null ? [] : ['--wrap']
  return {
    words: [
      ...words.slice(0, -1),
      ...wrap,
      `set -- ${parameters.map(shellQuote).join(' ')}; . ${shellQuote(start)}`,
    ],
  }
}
