import { readFileSync } from 'node:fs'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { readArraySpec } from '../../contract/array-spec.ts'
import { joinWords } from '../../provenance/shell-words.ts'
import { endOfOptions } from '../../slurm/end-of-options.ts'
import { readSbatch } from '../../slurm/sbatch-line.ts'
import type { JobId } from '../../contract/ids.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import type { Repeat, ScheduleRequest } from '../schedule/request.ts'

/** What is special when only some tasks of an array are run again. */
export interface TasksAgain {
  readonly tasks: string
  /** The open job that they are of. */
  readonly replaces: JobId | null
  /** Set when that has no record yet, so that there is no commit to chain to: the text of a script from standard input. */
  readonly unrecorded: { readonly stdin: Buffer | null } | null
}

/** The request for those tasks. */
export function forTasks(
  context: Context,
  whole: ScheduleRequest & { readonly repeat: Repeat },
  { tasks, replaces, unrecorded }: TasksAgain,
): Fallible<ScheduleRequest & { readonly repeat: Repeat }, Note> {
  const { chain } = whole.repeat
  // Without a record, what stands last is no commit that could be chained to.
  const own = unrecorded === null ? {} : { chain: chain.slice(0, -1), stdin: unrecorded.stdin }
  return onlyTasks(context, { ...whole, repeat: { ...whole.repeat, ...own, replaces } }, tasks)
}

/**
 * The request for some tasks (`1,7-9`) of the array that it asks for, with the same limit of tasks at once. To sbatch they are
 * told by one more `--array` behind its options, in the record's command too: that is what runs. `context.cwd` is where.
 */
function onlyTasks(
  context: Context,
  request: ScheduleRequest & { readonly repeat: Repeat },
  tasks: string,
): Fallible<ScheduleRequest & { readonly repeat: Repeat }, Note> {
  const limited = (asked: string | null): string => {
    const limit = readArraySpec(asked ?? '')?.limit ?? null
    return limit === null ? tasks : `${tasks}%${limit}`
  }
  if (request.scheduler === 'local') return ok({ ...request, array: limited(request.array) })
  const { words } = request
  const stdin = request.repeat.stdin?.toString()
  const around = { cwd: context.cwd, env: context.env, readFile, ...(stdin === undefined ? {} : { stdin }) }
  const sbatch = readSbatch(words, around)
  const asked = sbatch.components[0].array
  if (asked === null || asked === '') return fail({ kind: 'no-array-now', cmd: request.repeat.cmd })
  const narrowed = words.toSpliced(endOfOptions(words, sbatch), 0, `--array=${limited(asked)}`)
  return ok({ ...request, words: narrowed, repeat: { ...request.repeat, cmd: joinWords(narrowed) } })
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
