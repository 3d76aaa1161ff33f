import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { jobFolder, taskFile } from './layout.ts'

/**
 * Where a task's output is: of task `task` of an array, or of the job (null). Standard error is in the same file unless
 * the submission kept it apart. A file exists once the task has started, unless it was cancelled before its command ran.
 */
export function logFile(
  submissionFolder: string,
  task: number | null,
  stream: 'stdout' | 'stderr' = 'stdout',
): string {
  const job = jobFolder(submissionFolder)
  return taskFile(job, task, stream === 'stderr' && keepsApart(job) ? 'err' : 'log')
}

function keepsApart(job: string): boolean {
  return existsSync(join(job, 'apart'))
}
