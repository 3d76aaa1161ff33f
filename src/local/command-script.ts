import type { SubmitRequest } from '../contract/scheduler.ts'
import { shellQuote } from './shell-quote.ts'

/**
 * Names that are some shell's own: setting them there is an error or does harm, and a shell makes them anew. The last
 * ones are those of an embedded job that Waybill itself may run in.
 */
const shellsOwn: ReadonlySet<string> = new Set(
  (
    '_ BASHOPTS BASHPID EUID GROUPS IFS LINENO OLDPWD OPTIND PPID PWD SHELLOPTS UID ' +
    'WAYBILL_JOB WAYBILL_ARRAY_TASK_ID'
  ).split(' '),
)

/**
 * The environment as shell assignments. The command gets the submitter's variables, `WAYBILL_JOB` (the job's name) and,
 * in an array, `WAYBILL_ARRAY_TASK_ID`. A shell cannot hold variables whose names are no identifiers: they are left out.
 */
export function environmentScript(request: Pick<SubmitRequest, 'env' | 'name'>): string {
  const lines = Object.entries(request.env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !shellsOwn.has(name))
    .map(([name, value]) => `export ${name}=${shellQuote(value)}`)
  const path = 'PATH' in request.env ? [] : ['unset PATH']
  return [...path, ...lines, `export WAYBILL_JOB=${shellQuote(request.name)}`, ''].join('\n')
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
    `exec ${command.map(shellQuote).join(' ')}`,
    '',
  ].join('\n')
}
