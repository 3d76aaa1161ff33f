import type { SubmitRequest } from '../contract/scheduler.ts'
import { exportLines } from '../contract/shell-environment.ts'
import { shellQuote } from '../contract/shell-quote.ts'

/**
 * The environment as shell assignments. The command gets the submitter's variables, `WAYBILL_JOB` (the job's name) and,
 * in an array, `WAYBILL_ARRAY_TASK_ID`; not those of an embedded job that Waybill itself may run in.
 */
export function environmentScript(request: Pick<SubmitRequest, 'env' | 'name'>): string {
  const env = { ...request.env }
  delete env['WAYBILL_ARRAY_TASK_ID']
  const path = 'PATH' in env ? [] : ['unset PATH']
  return [...path, ...exportLines({ ...env, WAYBILL_JOB: request.name }), ''].join('\n')
}

/**
 * The command as a script that becomes it. Several words are run as they are; a single word is a line for `sh -c`, as
 * DataLad's `run` has it.
 */
export function commandScript(
  request: Pick<SubmitRequest, 'words' | 'cwd' | 'stdinFile'>,
  umask: number,
): string {
  const [first = '', ...more] = request.words
  const words = more.length === 0 ? ['sh', '-c', first] : request.words
  // Not every shell knows `exec --`.
  const command = first.startsWith('-') && more.length > 0 ? ['env', '--', ...words] : words
  return [
    `umask ${umask.toString(8).padStart(4, '0')}`,
    ...(request.stdinFile === null ? [] : [`exec <${shellQuote(request.stdinFile)} || exit 1`]),
    `cd ${shellQuote(request.cwd)} || exit 1`,
    'unset OLDPWD',
    // Whoever runs this reads it there, and the environment before it.
    `exec ${command.map(shellQuote).join(' ')} 3<&- 4<&-`,
    '',
  ].join('\n')
}
