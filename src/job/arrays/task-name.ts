import { ok, type Fallible } from '../../contract/fallible.ts'
import { BadIndices, parseIndices } from '../../contract/index-set.ts'
import { resolveRevision } from '../../dataset/log.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { Context, Job } from '../context.ts'
import type { Note } from '../note.ts'
import { bySlurmId, recordOf } from '../record-of-job.ts'
import { findJob } from '../select.ts'

/** Tasks of an array as a person names them: `HEAD~2:3`, `4711:3-5,9`, `4711_3`. */
export interface TaskName {
  /** The commit or job, as typed. */
  readonly of: string
  /** What holds the record of these tasks: a commit, or the job. */
  readonly revision: string
  /** The job, where this ledger knows it. */
  readonly job: Job | null
  /** Ascending. */
  readonly tasks: readonly number[]
}

/**
 * Reads the name of tasks; null where it is none. Only digits, ranges and commas behind the last colon are tasks, behind a
 * commit or a job. So ends nothing that git takes for a commit: to git, `HEAD:3` is a file.
 */
export async function readTaskName(
  context: Context,
  target: string,
): Promise<Fallible<TaskName | null, Note>> {
  const split = /^(.+):(\d[\d,-]*)$/s.exec(target) ?? /^(w?\d+)_(\d+)$/.exec(target)
  const [, of = '', text = ''] = split ?? []
  const tasks = split === null ? null : indicesOf(text)
  if (tasks === null) return ok(null)
  if (/^w?\d+$/.test(of)) return ofJob(context, of, tasks)
  const commit = await resolveRevision(context.dataset, of)
  return ok(commit.ok ? { of, revision: of, job: null, tasks } : null)
}

/** Of an array that was recorded in parts, the record that these tasks are in. */
async function ofJob(
  context: Context,
  of: string,
  tasks: readonly number[],
): Promise<Fallible<TaskName, Note>> {
  const found = findJob(context, of)
  const name = { of, revision: of, job: 'job' in found ? found.job : null, tasks }
  if ('job' in found) {
    const part = found.job.recorded.find((one) => holds(one.tasks, tasks))
    const logged = part === undefined ? ok(null) : await recordOf(context, found.job, part.commit)
    if (!logged.ok) return logged
    return ok({ ...name, revision: logged.value?.commit ?? part?.commit ?? of })
  }
  if (of.startsWith('w')) return ok(name)
  const logged = await bySlurmId(context, of, (record) => holds(record.waybill?.['recorded_tasks'], tasks))
  if (!logged.ok) return logged
  return ok({ ...name, revision: logged.value?.commit ?? of })
}

/** Whether a record is about these tasks; one that does not say which it is about, is about all. */
export function isAbout({ waybill }: RunRecord, tasks: readonly number[]): boolean {
  const recorded = waybill?.['recorded_tasks']
  return recorded === undefined || holds(recorded, tasks)
}

function holds(indices: unknown, tasks: readonly number[]): boolean {
  const own = typeof indices === 'string' ? (indicesOf(indices) ?? []) : []
  return tasks.every((task) => own.includes(task))
}

function indicesOf(text: string): readonly number[] | null {
  try {
    return parseIndices(text)
  } catch (error) {
    if (error instanceof BadIndices) return null
    throw error
  }
}
