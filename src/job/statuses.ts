import { parseIndices } from '../contract/index-set.ts'
import type { Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import { calledName } from './select.ts'

/** Arrays with more tasks than this are told in ranges instead of one by one. */
const listed = 50

/** A job's states as datalad-slurm writes them: `18: FAILED`, or `20_0: COMPLETED, 20_1: TIMEOUT` of an array. */
export function statusText(job: Job, evidence: Evidence | null): string {
  const id = calledName(job)
  const groups = evidence?.groups ?? []
  const first = groups[0]
  if (first === undefined) return `${id}: ${job.state.toUpperCase()}`
  if (job.spec.parts.kind === 'single') return `${id}: ${first.state}`
  const joint = job.spec.parts.kind === 'array' ? '_' : '+'
  const tasks = groups.flatMap(({ parts, state }) => parseIndices(parts).map((index) => ({ index, state })))
  if (tasks.length > listed)
    return groups.map(({ parts, state }) => `${id}${joint}[${parts}]: ${state}`).join(', ')
  return tasks
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, state }) => `${id}${joint}${index}: ${state}`)
    .join(', ')
}
