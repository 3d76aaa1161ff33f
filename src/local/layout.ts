import { join } from 'node:path'

/**
 * Where the scheduler's files are. The scripts beside this file use the same names, and waiting jobs go on with the
 * scripts of the version that submitted them: a name here changes only with the folder's own (`v3`).
 */

/** The folder of one user on one host within the scheduler's: jobs run on the host they were submitted from. */
export function homeOf(folder: string, host: string, uid: number): string {
  return join(folder, `v3-${uid}@${encodeURIComponent(host)}`)
}

/** The scheduler's part of a submission's own folder. */
export function jobFolder(submissionFolder: string): string {
  return join(submissionFolder, 'local')
}

/** The name under which a task's files stand: its array index, or `job` for a job that is no array. */
export function taskKey(task: number | null): string {
  return task === null ? 'job' : String(task)
}

/** Where a submission's tasks leave their files. */
export function tasksFolder(submissionFolder: string): string {
  return join(jobFolder(submissionFolder), 't')
}

/** The task that a file of this name in that folder tells to be over (0: a job that is no array); null for any other. */
export function taskOver(name: string): number | null {
  const task = /^(job|\d{1,10})\.end$/.exec(name)?.[1]
  return task === undefined ? null : task === 'job' ? 0 : Number(task)
}

/** One of a task's files, see watch.sh. */
export function taskFile(
  job: string,
  task: number | null,
  kind: 'start' | 'payload' | 'cancel' | 'end' | 'log' | 'err',
): string {
  return join(job, 't', `${taskKey(task)}.${kind}`)
}
