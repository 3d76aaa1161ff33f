import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { BadIndices, compactIndices, parseIndices } from '../../contract/index-set.ts'
import { resolveRevision } from '../../dataset/log.ts'
import { readObjects } from '../../dataset/objects.ts'
import { readMessage } from '../../provenance/message.ts'
import type { Context, Job } from '../context.ts'
import type { Note } from '../note.ts'
import { bySlurmId, newest, recordOf } from '../record-of-job.ts'
import type { Repeatable } from '../reschedule/repeatable.ts'
import { calledName } from '../select.ts'
import { readSidecarOf } from '../reschedule/sidecar.ts'

/** The record of an array: of a job of this ledger, else by Slurm's id in the history, or a commit. */
export async function recordOfArray(
  context: Context,
  of: Job | string,
  known: CommitId | null,
): Promise<Fallible<Repeatable, Note>> {
  const logged =
    typeof of !== 'string' && known !== null
      ? await recordOf(context, of, known)
      : await inHistory(context, typeof of === 'string' ? of : calledName(of))
  if (!logged.ok) return logged
  if (logged.value === null) {
    return typeof of === 'string'
      ? fail({ kind: 'no-such-record', target: of })
      : fail({ kind: 'record-gone', job: calledName(of), commit: known ?? '' })
  }
  const message = readMessage(logged.value.message)
  if (!message.ok) return message
  const { commit, parents } = logged.value
  const { record: raw } = message.value
  const whole = typeof raw === 'string' ? await readSidecarOf(context, commit, raw) : ok(raw)
  if (!whole.ok) return whole
  const record = whole.value
  if (typeof record.dsid === 'string' && context.dataset.id !== null && record.dsid !== context.dataset.id)
    return fail({ kind: 'other-dataset', dsid: record.dsid })
  return ok({ commit, message: message.value, record, before: parents[0] ?? commit })
}

async function inHistory(context: Context, target: string): ReturnType<typeof recordOf> {
  const id = /^(\d+)(?:_\d+)?$/.exec(target)?.[1]
  const found = id === undefined ? ok(null) : await bySlurmId(context, id)
  if (!found.ok || found.value !== null) return found
  const revision = await resolveRevision(context.dataset, target)
  return revision.ok ? newest(context, { revisions: [revision.value] }) : ok(null)
}

/** The tasks that did not complete, by the states that a record has of them. */
export async function failedInRecord(
  context: Context,
  { commit, record }: Repeatable,
  name: string,
): Promise<Fallible<string, Note>> {
  const lines = await taskLines(context, commit, record.waybill ?? {})
  if (lines === null) return fail({ kind: 'no-array', job: name })
  try {
    const failed = lines
      .map((line) => line.split(' '))
      .filter(([, state]) => state !== 'COMPLETED')
      .flatMap(([tasks = '']) => parseIndices(tasks))
    if (failed.length === 0) return fail({ kind: 'no-failed-tasks', job: name })
    return ok(compactIndices(failed.toSorted((a, b) => a - b)))
  } catch (error) {
    // A record is anybody's.
    if (error instanceof BadIndices)
      return fail({ kind: 'bad-record', detail: `"${error.message}" names no tasks` })
    throw error
  }
}

/** `0-97 COMPLETED`, `98 FAILED 1:0`: from the record, or from the file that holds its long lists. */
async function taskLines(
  context: Context,
  commit: CommitId,
  own: NonNullable<Repeatable['record']['waybill']>,
): Promise<readonly string[] | null> {
  if (own['tasks'] !== undefined) return textsOf(own['tasks'])
  const lists = own['lists']
  if (typeof lists !== 'string' || lists.includes('\n')) return null
  const read = await readObjects(context.dataset, [`${commit}:${lists}`])
  try {
    const content = JSON.parse(read.ok ? (read.value[0]?.content.toString() ?? '') : '') as unknown
    return typeof content === 'object' && content !== null && 'tasks' in content
      ? textsOf(content.tasks)
      : null
  } catch {
    return null
  }
}

function textsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null
}
