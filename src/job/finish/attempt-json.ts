import type { Json } from '../../provenance/python-json.ts'
import { taskFactKeys } from '../arrays/task-facts.ts'
import type { AttemptFacts } from '../evidence.ts'

/** One run of a task, or job, as a record says it. */
export function attemptJson(attempt: AttemptFacts): { readonly [key: string]: Json } {
  const measured = [...taskFactKeys, 'node_list' as const].flatMap((key) => {
    const value = attempt.facts[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  return {
    ...(attempt.job === undefined ? {} : { slurm_job_id: Number(attempt.job) }),
    ...(attempt.part === '' ? {} : { task: Number(attempt.part) }),
    state: attempt.state,
    ...(attempt.exit === null ? {} : { exit_code: attempt.exit.code, exit_signal: attempt.exit.signal }),
    started: iso(attempt.started),
    ended: iso(attempt.ended),
    ...Object.fromEntries(measured),
  }
}

/** A time as records have it, in UTC; null: not known. */
export function iso(seconds: number | null): string | null {
  return seconds === null ? null : new Date(Math.round(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}
