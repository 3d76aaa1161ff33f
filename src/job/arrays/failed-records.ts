import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { compactIndices } from '../../contract/index-set.ts'
import { resolveRevision } from '../../dataset/log.ts'
import { readMessage } from '../../provenance/message.ts'
import type { Context, Job } from '../context.ts'
import type { Note } from '../note.ts'
import { bySlurmId, newest, recordOf } from '../record-of-job.ts'
import type { Repeatable } from '../reschedule/repeatable.ts'
import { calledName } from '../select.ts'
import { taskRows } from './task-rows.ts'
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
  const rows = await taskRows(context, commit, record)
  if (!rows.ok) return rows
  if (rows.value === null) return fail({ kind: 'no-array', job: name })
  const failed = rows.value.filter(({ state }) => state !== 'COMPLETED').flatMap(({ tasks }) => tasks)
  if (failed.length === 0) return fail({ kind: 'no-failed-tasks', job: name })
  return ok(compactIndices(failed.toSorted((a, b) => a - b)))
}
