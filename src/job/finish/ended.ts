import type { JobId } from '../../contract/ids.ts'
import { parseIndices } from '../../contract/index-set.ts'
import type { Job } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import type { Note } from '../note.ts'
import type { Report } from '../report.ts'
import { jobFacts, type JobLabel } from '../select.ts'
import { pathsOfTasks } from '../schedule/task-paths.ts'

/** A job whose end is known and that is to be recorded. */
export interface EndedJob {
  readonly job: Job
  readonly evidence: Evidence
  /** Of an array that is not recorded at once: the part of it that this record is about. */
  readonly part?: ArrayPart
  /** Outputs that were named only at finish, root-relative. */
  readonly more?: readonly string[]
  /** Something that the job should have made is not seen here, so many seconds after its end. */
  readonly waited?: Waited
  /** The jobs that its payload submitted; `unreadable`: what it noted of them cannot be read. */
  readonly children?: ChildJobs | 'unreadable'
}

/** What was learnt of ended jobs since, by their numbers: from accounting, and about the jobs that they submitted. */
export type EndFacts = ReadonlyMap<JobId, Pick<EndedJob, 'evidence' | 'children'>>

/** What a payload submitted: its job with these as members, and what is known of all of them together. */
export interface ChildJobs {
  readonly job: Job
  readonly evidence: Evidence
}

/** A file system of several machines, and the time it had to show what was written on another; null: not known. */
export interface Waited {
  readonly fileSystem: string
  readonly seconds: number | null
}

/** Some tasks of an array. `keepsOpen`: the others are left for a record of their own, and the job stays open for them. */
export interface ArrayPart {
  /** `0-97,99` */
  readonly tasks: string
  readonly keepsOpen: boolean
  /** Outputs with `{task}` in them, root-relative: which task makes which file. */
  readonly templates: readonly string[]
}

/**
 * All that this record may hold, as root-relative paths and patterns: what was declared, and what was named at finish. Between
 * the paths of an array's tasks may lie those of other jobs.
 */
export function outputsOf({ job: { spec }, part, more = [] }: EndedJob): readonly string[] {
  const told = part?.templates.filter((template) => !spec.taskOutputs?.includes(template)) ?? []
  return [...new Set([...spec.outputs, ...more, ...pathsOfArray(spec, told)])]
}

/** What all tasks of an array make by paths with `{task}` in them; nothing of a job that is no array. */
export function pathsOfArray({ parts }: Job['spec'], templates: readonly string[]): readonly string[] {
  if (templates.length === 0 || parts.kind !== 'array') return []
  return pathsOfTasks(templates, parseIndices(parts.indices))
}

/** A result of `finish` about one job. */
export function aboutJob(status: Report['status'], job: JobLabel | null, note: Note): Report {
  const facts = job === null ? {} : { facts: jobFacts(job) }
  return { action: 'finish', status, path: '', type: 'job', note, ...facts }
}
