import { jobFolder, taskFile } from './layout.ts'

/**
 * Where a task's output is, standard error joined in: of task `task` of an array, or of the job (null). The file exists
 * once the task has started, unless it was cancelled before its command ran.
 */
export function logFile(submissionFolder: string, task: number | null): string {
  return taskFile(jobFolder(submissionFolder), task, 'log')
}
