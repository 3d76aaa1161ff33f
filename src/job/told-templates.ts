import { fail, ok, type Fallible } from '../contract/fallible.ts'
import { jobName } from '../contract/ids.ts'
import { normalise } from '../dataset/paths.ts'
import type { Context } from './context.ts'
import type { EndedJob } from './ended.ts'
import type { FinishRequest } from './finish-request.ts'
import type { Note } from './note.ts'
import { fillPaths } from './placeholders.ts'
import { anyTaskPath, fromMarked, holdsTask, taskMarks } from './task-paths.ts'

/** What the user says at `finish` of which task made which file: outputs with `{task}` in them, root-relative. */
export function toldTemplates(
  context: Context,
  request: Pick<FinishRequest, 'outputs' | 'jobs'>,
): Fallible<readonly string[], Note> {
  const texts = request.outputs.filter(holdsTask)
  if (texts.length === 0) return ok([])
  if (request.jobs.length !== 1) return fail({ kind: 'tasks-need-one-job' })
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

/** The job with what the user says of its tasks; fails where another open job has reserved what that names. */
export function withTemplates(
  context: Context,
  ended: EndedJob,
  told: readonly string[],
): Fallible<EndedJob, Note> {
  const { job, part } = ended
  if (part === undefined || told.length === 0) return ok(ended)
  const conflict = context.ledger.conflict(job.worktree, told.map(anyTaskPath), job.id)
  if (conflict !== null) {
    const { wanted, reserved } = conflict
    const other = context.ledger.job(conflict.job)?.schedulerId ?? null
    return fail({ kind: 'output-conflict', wanted, reserved, job: jobName(conflict.job), schedulerId: other })
  }
  return ok({ ...ended, part: { ...part, templates: [...new Set([...part.templates, ...told])] } })
}
