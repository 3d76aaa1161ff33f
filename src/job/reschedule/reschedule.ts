import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { compactIndices } from '../../contract/index-set.ts'
import { fromSystem } from '../../dataset/failure.ts'
import { joinFacts } from '../asset-facts.ts'
import { withRestored, conflictingStates } from './as-recorded.ts'
import type { Context } from '../context.ts'
import { differencesFrom } from './differences.ts'
import { installFor } from '../schedule/install.ts'
import type { Note } from '../note.ts'
import { forTasks, type TasksAgain } from '../arrays/only-tasks.ts'
import { readTaskName, type TaskName } from '../arrays/task-name.ts'
import { longLists, rowsOfTasks } from '../arrays/task-rows.ts'
import type { Show } from '../schedule/prepared.ts'
import { directoryOf } from './record-place.ts'
import { requestOf } from './repeat-request.ts'
import { chooseRecords, type Repeatable } from './repeatable.ts'
import type { Repetition } from './repetition.ts'
import { writeReplay } from './replay-script.ts'
import type { Report } from '../report.ts'
import type { RescheduleRequest } from './reschedule-request.ts'
import { schedule } from '../schedule/schedule.ts'

type Say = (status: Report['status'], note: Note, commit?: CommitId) => void

/** Submits the jobs of records again, oldest first, with the scripts and inputs that are there now or as they were. */
export async function reschedule(
  context: Context,
  given: RescheduleRequest,
  report: (report: Report) => void,
  show: Show,
): Promise<void> {
  const say: Say = (status, note, commit) =>
    report({
      action: 'reschedule',
      status,
      path: context.dataset.root,
      type: 'dataset',
      note,
      ...(commit === undefined ? {} : { facts: { commit } }),
    })
  const named = given.since === null ? await readTaskName(context, given.revision) : ok(null)
  if (!named.ok) return say('impossible', named.failure)
  // Whoever names tasks means them, however the others ended.
  const request =
    named.value === null ? given : { ...given, revision: named.value.revision, withFailedJobs: true }
  const chosen = await chooseRecords(context, request)
  if (!chosen.ok) return say('impossible', chosen.failure)
  const repetitions: Repetition[] = []
  for (const candidate of chosen.value) {
    const { found } = candidate
    const again = found.ok ? await tasksOf(context, found.value, named.value) : found
    const repetition = !found.ok
      ? found
      : again.ok
        ? await repetitionOf(context, request, found.value, report, again.value)
        : again
    if (repetition.ok) repetitions.push(repetition.value)
    else say(skipped(request, repetition.failure), repetition.failure, candidate.commit)
  }
  if (request.since !== null && !chosen.value.some(({ found }) => found.ok))
    say('impossible', { kind: 'no-records', range: `${request.since}..${request.revision}` })
  if (request.script !== null) return writeReplay(context, request, repetitions, say, show)
  const conflict = request.asRecorded ? await conflictingStates(repetitions) : ok(null)
  if (!conflict.ok) return say('impossible', conflict.failure)
  for (const repetition of repetitions) await runAgain(request, repetition, report, say, show)
}

/** What is no news in a range, or was left out on purpose, is no failure of it. */
function skipped(request: RescheduleRequest, { kind }: Note): Report['status'] {
  const left = kind === 'skipped-failed' || kind === 'is-merge' || kind === 'other-dataset'
  return request.since !== null && left ? 'notneeded' : 'impossible'
}

/** Submits the job of one record again, or some tasks of it, after saying what differs. */
export async function repeat(
  context: Context,
  request: RescheduleRequest,
  found: Repeatable,
  report: (report: Report) => void,
  say: Say,
  show: Show,
  again: TasksAgain | null,
): Promise<void> {
  const repetition = await repetitionOf(context, request, found, report, again)
  if (!repetition.ok) return say('impossible', repetition.failure, found.commit)
  await runAgain(request, repetition.value, report, say, show)
}

async function repetitionOf(
  context: Context,
  request: RescheduleRequest,
  found: Repeatable,
  report: (report: Report) => void,
  again: TasksAgain | null,
): Promise<Fallible<Repetition, Note>> {
  // A file in the way is told as such before anything is checked out.
  const before = directoryOf(context, found.record)
  if (!before.ok) return before
  if (!request.onlyReport && request.script === null) {
    const installed = await installFor(
      { ...context, cwd: context.dataset.root },
      [found.record.pwd ?? '.'],
      report,
    )
    if (!installed.ok) return installed
  }
  const place = directoryOf(context, found.record)
  if (!place.ok) return place
  const moved = { ...context, cwd: join(context.dataset.root, place.value) }
  const whole = await requestOf(moved, request, found)
  const asked = whole.ok && again !== null ? forTasks(moved, whole.value, again) : whole
  if (!asked.ok) return asked
  const { altDir } = request
  // As typed it starts from where the command was given, not from where the record's job ran.
  const from = altDir === null ? null : resolve(context.cwd, altDir)
  const isNew = again !== null && again.unrecorded !== null
  return ok({ found, there: place.value, context: moved, request: { ...asked.value, altDir: from }, isNew })
}

/** The tasks that were named; else a record of some tasks is run again for these, and one of all as a whole. */
async function tasksOf(
  context: Context,
  { commit, record }: Repeatable,
  named: TaskName | null,
): Promise<Fallible<TasksAgain | null, Note>> {
  const recorded = record.waybill?.['recorded_tasks']
  const all = typeof recorded === 'string' ? recorded : null
  const rows = named === null ? ok(null) : await rowsOfTasks(context, commit, record, named)
  if (!rows.ok) return rows
  const tasks = named === null ? all : compactIndices(named.tasks)
  return ok(tasks === null ? null : { tasks, replaces: null, unrecorded: null })
}

async function runAgain(
  request: RescheduleRequest,
  repetition: Repetition,
  report: (report: Report) => void,
  say: Say,
  show: Show,
): Promise<void> {
  const { context, found, there } = repetition
  const { commit } = found
  const submit = async (): Promise<void> => {
    try {
      mkdirSync(context.cwd, { recursive: true })
    } catch (error) {
      return say('impossible', fromSystem('mkdir', error), commit)
    }
    const asked = await asAsset(request, repetition)
    if (!asked.ok) say('ok', asked.failure, commit)
    await schedule(context, asked.ok ? asked.value : repetition.request, report, show)
  }
  const { cmd } = repetition.request.repeat
  if (request.asRecorded) {
    const restored = await withRestored(repetition, request.onlyReport, report, submit)
    if (!restored.ok) return say('impossible', restored.failure, commit)
  } else {
    const differing = repetition.isNew ? ok([]) : await differencesFrom(context, commit, found.record, there)
    if (!differing.ok) return say('error', differing.failure, commit)
    if (differing.value.length > 0) say('ok', { kind: 'differs', paths: differing.value }, commit)
    if (!request.onlyReport) await submit()
  }
  if (request.onlyReport) say('ok', { kind: 'would-reschedule', cmd, pwd: there }, commit)
}

/** The request, as one for the asset that the record is of. It is asked for last: then all lies there as the job will find it. */
async function asAsset(
  { asAsset: make }: RescheduleRequest,
  { context, found, request }: Repetition,
): Promise<Fallible<Repetition['request'], Note>> {
  const asset = found.record.waybill?.['asset']
  if (asset === undefined) return ok(request)
  const lists = await longLists(context, found.commit, found.record.waybill ?? {})
  const facts = joinFacts(asset, lists['asset'] ?? null)
  if (facts === null) return fail({ kind: 'repeat-no-asset', asset: null, keys: null, why: 'lists-gone' })
  return make(context, facts, request)
}
