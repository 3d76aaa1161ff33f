import { fail, ok, type Fallible } from '../../contract/fallible.ts'
import { jobName } from '../../contract/ids.ts'
import { normalise } from '../../dataset/paths.ts'
import type { Context } from '../context.ts'
import { pathsOfArray, type EndedJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Note } from '../note.ts'
import { fillPaths } from '../schedule/placeholders.ts'
import { fromMarked, holdsTask, taskMarks } from '../schedule/task-paths.ts'

/** Outputs that the user names at `finish`, root-relative. */
export interface ToldOutputs {
  /** Those with `{task}` in them, which say which task made which file. */
  readonly templates: readonly string[]
  /** More paths and patterns. */
  readonly more: readonly string[]
}

/** Reads them; they are about one job, which must be named. */
export function toldOutputs(
  context: Context,
  request: Pick<FinishRequest, 'outputs' | 'jobs'>,
): Fallible<ToldOutputs, Note> {
  if (request.outputs.length > 0 && request.jobs.length !== 1) return fail({ kind: 'outputs-need-one-job' })
  const templates = readTemplates(context, request.outputs.filter(holdsTask))
  if (!templates.ok) return templates
  const more: string[] = []
  for (const text of request.outputs.filter((one) => !holdsTask(one))) {
    const path = normalise(context.dataset, context.cwd, text, { patterns: true })
    if (!path.ok) return path
    more.push(path.value.path)
  }
  return ok({ templates: templates.value, more })
}

function readTemplates(context: Context, texts: readonly string[]): Fallible<readonly string[], Note> {
  const filled = fillPaths(texts, taskMarks(texts))
  if (!filled.ok) return filled
  const templates: string[] = []
  for (const text of filled.value) {
    const path = normalise(context.dataset, context.cwd, text, { patterns: true })
    if (!path.ok) return path
    templates.push(fromMarked(path.value.path) ?? path.value.path)
  }
  return ok(templates)
}

/** The job with what the user says of its outputs; fails where another open job has reserved what that names. */
export function withTold(
  context: Context,
  ended: EndedJob,
  { templates, more }: ToldOutputs,
): Fallible<EndedJob, Note> {
  const { job, part } = ended
  const { parts } = job.spec
  const [first] = templates
  if (first !== undefined && parts.kind !== 'array') return fail({ kind: 'task-needs-array', output: first })
  // Of an array that is recorded as one it does not matter whose they are.
  const paths = pathsOfArray(job.spec, templates)
  const added = part === undefined ? [...more, ...paths] : more
  const told = part === undefined ? [] : templates
  const conflict = context.ledger.conflict(job.worktree, [...more, ...paths], job.id)
  if (conflict !== null) {
    const { wanted, reserved } = conflict
    const other = context.ledger.job(conflict.job)?.schedulerId ?? null
    return fail({ kind: 'output-conflict', wanted, reserved, job: jobName(conflict.job), schedulerId: other })
  }
  const known = { ...ended, ...(added.length === 0 ? {} : { more: added }) }
  return ok(
    part === undefined
      ? known
      : { ...known, part: { ...part, templates: [...new Set([...part.templates, ...told])] } },
  )
}
