import type { Job } from './context.ts'
import type { Evidence } from './evidence.ts'
import type { Note } from './note.ts'
import type { Report } from './report.ts'
import { jobFacts } from './select.ts'

/** A job whose end is known and that is to be recorded. */
export interface EndedJob {
  readonly job: Job
  readonly evidence: Evidence
}

/** A result of `finish` about one job. */
export function aboutJob(status: Report['status'], job: Job | null, note: Note): Report {
  const facts = job === null ? {} : { facts: jobFacts(job) }
  return { action: 'finish', status, path: '', type: 'job', note, ...facts }
}
