import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import type { CommitId } from '../../contract/ids.ts'
import { BadIndices, compactIndices, parseIndices } from '../../contract/index-set.ts'
import { readObjects } from '../../dataset/objects.ts'
import type { RunRecord } from '../../provenance/record.ts'
import type { JobFacts } from '../../contract/job-facts.ts'
import type { Context } from '../context.ts'
import type { Note } from '../note.ts'
import { asObject, readFacts, type JsonObject } from '../recorded-facts.ts'
import { factsOfTasks, type TaskFacts } from './task-facts.ts'

/** How some tasks of an array ended, as a record says it. */
export interface TaskRow {
  readonly tasks: readonly number[]
  readonly state: string
  /** Null: the record does not say; of a task that completed it is 0. */
  readonly exit: { readonly code: number; readonly signal: number } | null
}

/** The rows of a record's tasks, from the record or from the file that holds its long lists; null where it has none. */
export async function taskRows(
  context: Context,
  commit: CommitId,
  { waybill = {} }: RunRecord,
): Promise<Fallible<readonly TaskRow[] | null, Note>> {
  const lines = await taskLines(context, commit, waybill)
  try {
    return ok(lines === null ? null : lines.map(rowOf))
  } catch (error) {
    // A record is anybody's.
    if (error instanceof BadIndices)
      return fail({ kind: 'bad-record', detail: `"${error.message}" names no tasks` })
    throw error
  }
}

/** The rows, or why single tasks of this record cannot be named, or that it has not all of these. */
export async function rowsOfTasks(
  context: Context,
  commit: CommitId,
  record: RunRecord,
  { of, tasks }: { readonly of: string; readonly tasks: readonly number[] },
): Promise<Fallible<readonly TaskRow[], Note>> {
  const rows = await taskRows(context, commit, record)
  if (!rows.ok) return rows
  if (rows.value === null) {
    const { waybill } = record
    const why = waybill === undefined ? 'foreign' : 'jobs' in waybill ? 'several-jobs' : 'no-array'
    return fail({ kind: 'no-tasks', of, why })
  }
  const missing = missingFrom(rows.value, of, tasks)
  return missing === null ? ok(rows.value) : fail(missing)
}

/** That some tasks have no row among these; null when all have. */
export function missingFrom(rows: readonly TaskRow[], of: string, tasks: readonly number[]): Note | null {
  const known = rows.flatMap((row) => row.tasks).toSorted((a, b) => a - b)
  const own = new Set(known)
  const missing = tasks.filter((task) => !own.has(task))
  if (missing.length === 0) return null
  return { kind: 'no-such-task', of, tasks: compactIndices(missing), known: compactIndices(known) }
}

/** `98 FAILED 1:0`; a state may be several words. */
function rowOf(line: string): TaskRow {
  const [, tasks = '', state = '', code, signal] = /^(\S*) (.*?)(?: (\d+):(\d+))?$/.exec(line) ?? []
  const completed = state === 'COMPLETED' ? { code: 0, signal: 0 } : null
  return {
    tasks: parseIndices(tasks),
    state,
    exit: code === undefined ? completed : { code: Number(code), signal: Number(signal) },
  }
}

/** What was measured of one task, as its record or the file of its long lists says it; beside it what all tasks had. */
export async function recordedTaskFacts(
  context: Context,
  commit: CommitId,
  own: NonNullable<RunRecord['waybill']>,
  task: number,
): Promise<Fallible<JobFacts, Note>> {
  const told = asObject(own['task_facts'] ?? (await longLists(context, commit, own))['task_facts'])
  if (typeof told['tasks'] !== 'string') return ok(factsOfTasks(readFacts(own), undefined, [task]))
  try {
    return ok(factsOfTasks(readFacts(own), told as unknown as TaskFacts, [task]))
  } catch (error) {
    if (error instanceof BadIndices)
      return fail({ kind: 'bad-record', detail: '"task_facts" has another form' })
    throw error
  }
}

/** The keys that the tasks of an asset's array make, by index; none where it is no such array. */
export async function recordedKeys(
  context: Context,
  commit: CommitId,
  own: NonNullable<RunRecord['waybill']>,
): Promise<readonly string[]> {
  const asset = asObject(own['asset'])
  const many = asset['key_count'] === undefined ? {} : await longLists(context, commit, own)
  return textsOf(asset['keys'] ?? asObject(many['asset'])['keys']) ?? []
}

async function taskLines(
  context: Context,
  commit: CommitId,
  own: NonNullable<RunRecord['waybill']>,
): Promise<readonly string[] | null> {
  return textsOf(own['tasks'] ?? (await longLists(context, commit, own))['tasks'])
}

/** What the file of a record's long lists holds; nothing where there is none. */
export async function longLists(
  context: Context,
  commit: CommitId,
  own: NonNullable<RunRecord['waybill']>,
): Promise<JsonObject> {
  const [lists] = await manyLongLists(context, [{ commit, own }])
  return lists ?? {}
}

/** The same of many records, by one git process, in their order. */
export async function manyLongLists(
  context: Context,
  records: readonly { readonly commit: CommitId | null; readonly own: JsonObject }[],
): Promise<readonly JsonObject[]> {
  const names = records.map(({ commit, own: { lists } }) =>
    commit === null || typeof lists !== 'string' || lists.includes('\n') ? null : `${commit}:${lists}`,
  )
  const read = await readObjects(
    context.dataset,
    names.filter((name) => name !== null),
  )
  const found = read.ok ? read.value.values() : [].values()
  return names.map((name) => {
    const object = name === null ? null : found.next().value
    try {
      return asObject(JSON.parse(object?.content.toString() ?? '') as unknown)
    } catch {
      return {}
    }
  })
}

/** An array without any text in it says nothing, as a list that is not there. */
function textsOf(value: unknown): readonly string[] | null {
  const texts = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  return texts.length === 0 ? null : texts
}
