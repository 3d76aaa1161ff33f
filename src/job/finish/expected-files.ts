import { parseIndices } from '../../contract/index-set.ts'
import { groupsOfTasks } from '../arrays/array-part.ts'
import { ownOutputs } from '../arrays/own-outputs.ts'
import { expectedOutputs, logsOfPart } from '../arrays/task-files.ts'
import type { EndedJob } from './ended.ts'
import { insideRoot } from '../logs-plan.ts'
import { taskPath, withoutTaskPaths } from '../schedule/task-paths.ts'

/** A log of Slurm's; a pattern where Slurm alone knows its name. */
export interface Log {
  readonly path: string
  readonly pattern: boolean
  /** The job or task that wrote it completed. */
  readonly completed: boolean
}

/** The logs of what is to be recorded of a job that lie below a directory, relative to it. */
export function logsBelow(base: string, ended: EndedJob): readonly Log[] {
  const completed = completedParts(ended)
  return logsOfPart(ended).flatMap(({ place, task, job }) => {
    if (place.kind === 'discarded') return []
    const path = insideRoot(base, place.kind === 'path' ? place.path : place.pattern)
    const isGood = completed.has(task === null ? job : `${job}_${task}`)
    return path === null ? [] : [{ path, pattern: place.kind === 'pattern', completed: isGood }]
  })
}

/**
 * The declared paths and patterns, relative to the root, that what completed of a job must have made: all of a job that
 * completed; of an array those with `{task}` of each task that did. What the whole dataset holds tells nothing.
 */
export function outputsOfCompleted(ended: EndedJob): readonly string[] {
  const { job, part, evidence } = ended
  const groups = groupsOfTasks(evidence.groups, part?.tasks ?? null)
  const templates = [...new Set([...(job.spec.taskOutputs ?? []), ...(part?.templates ?? [])])]
  const tellsTasks = templates.length > 0 || job.spec.outputsPerTask !== undefined
  const tasks = tellsTasks ? groups.filter(isCompleted).flatMap(({ parts }) => parseIndices(parts)) : []
  const ownOf = ownOutputs(job.spec)
  const own = tasks.flatMap((task) => [
    ...ownOf(task),
    ...templates.map((template) => taskPath(template, task)),
  ])
  const whole = groups.every(isCompleted) ? withoutTaskPaths(expectedOutputs(ended), templates) : []
  return [...new Set([...whole, ...own])].filter((path) => path !== '.')
}

/** The ids of the jobs that completed, and of their tasks (`4711_3`). */
function completedParts({ job, evidence }: EndedJob): ReadonlySet<string> {
  const completed = new Set<string>()
  for (const [of, groups] of Map.groupBy(evidence.groups, (group) => group.job ?? job.schedulerId ?? '')) {
    if (groups.every(isCompleted)) completed.add(of)
    for (const { parts } of groups.filter(isCompleted))
      for (const task of parts === '' ? [] : parseIndices(parts)) completed.add(`${of}_${task}`)
  }
  return completed
}

function isCompleted({ state }: { readonly state: string }): boolean {
  return state === 'COMPLETED'
}
