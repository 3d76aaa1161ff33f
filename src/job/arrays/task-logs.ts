import { placeLog, type LogFacts } from '../../slurm/log-pattern.ts'
import type { Job } from '../context.ts'
import { placeInDataset } from '../logs-plan.ts'
import { fromMarked, markOf } from '../schedule/task-paths.ts'

/**
 * The logs of an array's tasks with `{task}` for the index, relative to the root, or absolute outside the dataset. Of those
 * whose names only Slurm knows (`%j` of a task), and of one that all tasks write to, nothing can be said.
 */
export function taskLogs(root: string, { spec, schedulerId, user }: Job): readonly string[] {
  const { logs, parts } = spec
  if (logs === null || parts.kind !== 'array') return []
  const facts: LogFacts = { job: schedulerId, task: null, rawId: null, user }
  const templates = [logs.stdout, logs.stderr].flatMap((pattern) => {
    // A backslash anywhere turns Slurm's symbols off.
    if (pattern.includes('\\')) return []
    const marked = pattern.replaceAll(
      /%(\d*)([A-Za-z%])/g,
      (symbol: string, width: string, letter: string) => (letter === 'a' ? markOf(width) : symbol),
    )
    const place = placeLog(logs, marked, facts)
    if (place.kind !== 'path') return []
    return fromMarked(placeInDataset(root, spec, place.path) ?? place.path) ?? []
  })
  return [...new Set(templates)]
}
