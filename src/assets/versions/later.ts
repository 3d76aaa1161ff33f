import type { Version } from './version.ts'

/**
 * What stands for the version of something upstream that was still to be made when a job was submitted: the jobs that were to
 * make it, by their own words, and the version of those keys that were there already.
 */
export interface Later {
  readonly jobs: ReadonlySet<string>
  readonly rest: Version
}

/** Writes it in the place of a version: a record says so who made what its job was made of. */
export function writeLater({ jobs, rest }: Later): Version {
  return `later:${[...jobs].join('+')}:${rest}`
}

/** Reads it; null: it is a version. */
export function readLater(version: Version): Later | null {
  const [, jobs, rest] = /^later:([a-z0-9+]+):(.*)$/s.exec(version) ?? []
  return jobs === undefined || rest === undefined ? null : { jobs: new Set(jobs.split('+')), rest }
}
