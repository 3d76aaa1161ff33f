import { fail, ok, type Fallible } from '../contract/fallible.ts'
import type { CommitId } from '../contract/ids.ts'
import { parseIndices } from '../contract/index-set.ts'
import { covers } from '../ledger/covers.ts'
import type { Json } from '../provenance/python-json.ts'
import type { RunRecord } from '../provenance/record.ts'
import { isAbout, readTaskName, type TaskName } from './arrays/task-name.ts'
import { factsOfTasks } from './arrays/task-facts.ts'
import {
  missingFrom,
  recordedKeys,
  recordedTaskFacts,
  rowsOfTasks,
  type TaskRow,
} from './arrays/task-rows.ts'
import type { Context, Job } from './context.ts'
import { attemptJson } from './finish/attempt-json.ts'
import { logFiles, placeInDataset } from './logs-plan.ts'
import { metricsOf, type Metrics } from './metrics.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { taskPath } from './schedule/task-paths.ts'
import { calledName } from './select.ts'
import { findRecord, search, type Shown } from './show.ts'

type ShownRecord = Extract<Shown, { readonly kind: 'record' }>

/** One task of an array as `waybill show --json` prints it. */
export interface ShownTask {
  readonly kind: 'task'
  /** `4711_3`; `w12_3` of a job of this machine. */
  readonly job: string
  readonly task: number
  /** The key of its asset's partition that it made; null: it made none. */
  readonly key: string | null
  /** The record that has this task's row; null: the job has none (yet). */
  readonly commit: CommitId | null
  /** Whether that record holds what the task made: one that is about some tasks tells the states of all. */
  readonly recorded: boolean
  readonly state: string
  /** Null: not known. */
  readonly exit: { readonly code: number; readonly signal: number } | null
  readonly cmd: string
  /** Relative to the root; absolute outside the dataset. */
  readonly logs: readonly string[]
  /** The paths that were declared with `{task}`. */
  readonly outputs: readonly string[]
  readonly made: ShownRecord['made']
  /** Each run of a task that ran more than once, as the record has them. */
  readonly attempts: readonly { readonly [key: string]: Json }[]
  /** Of its last attempt. */
  readonly metrics: Metrics
}

/** Finds what a person means by a job, a commit, a file, or a task of one of the first two (`HEAD:3`, `4711_3`). */
export async function findShown(
  context: Context,
  target: string,
): Promise<Fallible<Shown | ShownTask, Report>> {
  const name = await readTaskName(context, target)
  if (!name.ok) return refused(name.failure)
  if (name.value === null) return findRecord(context, target)
  const found = await findTask(context, name.value)
  return found.ok ? found : refused(found.failure)
}

function refused(note: Note): Fallible<never, Report> {
  return fail({ action: 'show', status: 'impossible', path: '', note })
}

async function findTask(context: Context, name: TaskName): Promise<Fallible<ShownTask, Note>> {
  const [task, ...more] = name.tasks
  if (task === undefined || more.length > 0) return fail({ kind: 'one-task', of: name.of, first: task ?? 0 })
  const whole = await search(context, name.revision)
  if (!whole.ok) return whole
  if (whole.value.kind === 'record') return ofRecord(context, name, whole.value, task)
  if (name.job === null) return fail({ kind: 'no-such-job', job: name.of })
  return ofJob(context, name, { ...name.job, observed: whole.value.evidence }, task)
}

async function ofRecord(
  context: Context,
  name: TaskName,
  shown: ShownRecord,
  task: number,
): Promise<Fallible<ShownTask, Note>> {
  const { commit, record } = shown
  const rows = await rowsOfTasks(context, commit, record, name)
  if (!rows.ok) return rows
  const own = record.waybill ?? {}
  const facts = await recordedTaskFacts(context, commit, own, task)
  if (!facts.ok) return facts
  const keys = await recordedKeys(context, commit, own)
  const outputs = texts(own['task_outputs']).map((template) => taskPath(template, task))
  const logs = texts(own['task_logs']).map((template) => taskPath(template, task))
  const isOwn = (path: string): boolean => logs.includes(path) || outputs.some((one) => covers(one, path))
  const recorded = isAbout(record, [task])
  return ok({
    kind: 'task',
    job: `${record.slurm_job_id ?? String(own['job'])}_${task}`,
    task,
    key: keys[task] ?? null,
    commit,
    recorded,
    ...endOf(rows.value, task),
    cmd: commandOf(record),
    logs,
    outputs,
    made: recorded ? shown.made.filter(({ path }) => isOwn(path)) : [],
    attempts: attemptsIn(own['attempts'], task),
    metrics: metricsOf(facts.value),
  })
}

/** Of a job without a record: what was seen of it. */
function ofJob(context: Context, { of }: TaskName, job: Job, task: number): Fallible<ShownTask, Note> {
  const { spec, observed: evidence } = job
  const { parts } = spec
  if (parts.kind !== 'array')
    return fail({ kind: 'no-tasks', of, why: job.members.length > 0 ? 'several-jobs' : 'no-array' })
  const unseen = [{ parts: parts.indices, state: job.state.toUpperCase(), exit: null }]
  const groups = evidence === null || evidence.groups.length === 0 ? unseen : evidence.groups
  const rows = groups.map(({ parts: indices, state, exit }) => ({
    tasks: parseIndices(indices),
    state,
    exit,
  }))
  const missing = missingFrom(rows, of, [task])
  if (missing !== null) return fail(missing)
  const logs = logFiles(job).flatMap((log) => {
    if (log.task !== task || log.place.kind !== 'path') return []
    return placeInDataset(context.dataset.root, spec, log.place.path) ?? log.place.path
  })
  return ok({
    kind: 'task',
    job: `${calledName(job)}_${task}`,
    task,
    key: spec.asset?.keys?.[task] ?? null,
    commit: null,
    recorded: false,
    ...endOf(rows, task),
    cmd: spec.cmd,
    logs,
    outputs: (spec.taskOutputs ?? []).map((template) => taskPath(template, task)),
    made: [],
    attempts: (evidence?.attempts ?? []).filter(({ part }) => part === String(task)).map(attemptJson),
    metrics: metricsOf(evidence === null ? {} : factsOfTasks(evidence.facts, evidence.tasks, [task])),
  })
}

function endOf(rows: readonly TaskRow[], task: number): Pick<ShownTask, 'state' | 'exit'> {
  const row = rows.find(({ tasks }) => tasks.includes(task))
  return { state: row?.state ?? '', exit: row?.exit ?? null }
}

function attemptsIn(attempts: Json | undefined, task: number): ShownTask['attempts'] {
  return (Array.isArray(attempts) ? attempts : []).flatMap((attempt: Json) => {
    if (typeof attempt !== 'object' || attempt === null || Array.isArray(attempt)) return []
    const facts = attempt as { readonly [key: string]: Json }
    return facts['task'] === task ? [facts] : []
  })
}

function commandOf({ cmd }: RunRecord): string {
  return typeof cmd === 'string' ? cmd : cmd.join(' ')
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
