import { ok, type Fallible } from '../../contract/fallible.ts'
import { compactIndices, parseIndices } from '../../contract/index-set.ts'
import { readHead } from '../../dataset/head.ts'
import { groupsOfTasks } from './array-part.ts'
import { collect } from '../finish/collect.ts'
import type { Context, Job } from '../context.ts'
import { aboutJob, type ArrayPart, type EndedJob } from '../finish/ended.ts'
import type { Evidence } from '../evidence.ts'
import { groundOf } from '../finish/ground.ts'
import type { Note } from '../note.ts'
import type { OpenLogs } from '../finish/open-logs.ts'
import { partNames } from '../outcome.ts'
import type { Report } from '../report.ts'
import { calledName } from '../select.ts'
import { statusText } from '../statuses.ts'

/**
 * The jobs of which it can be told what is to be recorded: others are left out, after saying why, and nothing of them is
 * recorded. Looks before anything is written for them.
 */
export async function tellTasks(
  context: Context,
  jobs: readonly EndedJob[],
  logs: OpenLogs,
  report: (report: Report) => void,
): Promise<Fallible<readonly EndedJob[], Note>> {
  const partial = jobs.filter(({ part }) => part?.keepsOpen)
  if (partial.length === 0) return ok(jobs)
  const head = await readHead(context.dataset)
  const collected = head.ok ? await collect(context, partial, groundOf(context, head.value), logs()) : head
  if (!collected.ok) return collected
  const doubtful = collected.value.filter(({ untold }) => untold.length > 0)
  for (const { ended, untold } of doubtful) {
    const note = { kind: 'tasks-untold', job: calledName(ended.job), paths: untold } as const
    report(aboutJob('impossible', ended.job, note))
  }
  return ok(jobs.filter((ended) => !doubtful.some((one) => one.ended === ended)))
}

/** What is left of an array of which these tasks were recorded. */
export function aboutRest(job: Job, { tasks }: ArrayPart, evidence: Evidence): Report {
  const done = new Set(parseIndices([...job.recorded.map((one) => one.tasks), tasks].join(',')))
  const open = partNames(job.spec.parts)
    .map(Number)
    .filter((task) => !done.has(task))
  const rest = { ...evidence, groups: groupsOfTasks(evidence.groups, compactIndices(open)) }
  const note = { kind: 'tasks-kept', job: calledName(job), tasks, statuses: statusText(job, rest) } as const
  return aboutJob('ok', job, note)
}
