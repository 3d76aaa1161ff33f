import type { SubmitRequest } from '../contract/scheduler.ts'
import { exportLines } from '../contract/shell-environment.ts'
import { shellQuote } from '../contract/shell-quote.ts'

/**
 * A script that becomes the task whose key is its one parameter; whoever runs it reads it from descriptor 3. That of a job
 * without tasks empties its own file, `command.sh` in the directory it is started in: it holds the whole environment.
 */
export function commandScript(
  request: Pick<SubmitRequest, 'env' | 'name' | 'array' | 'words' | 'cwd' | 'stdinFile' | 'isShellFile'>,
  umask: number,
): string {
  const { array, cwd, stdinFile } = request
  return [
    // A shell reads all of it before it begins.
    '{',
    ...(array === null ? [`printf '' >command.sh || exit 1`] : []),
    ...environmentLines(request),
    ...(array === null ? [] : ['export WAYBILL_ARRAY_TASK_ID="$1"']),
    `umask ${umask.toString(8).padStart(4, '0')}`,
    `exec 3<&-${stdinFile === null ? '' : ` <${shellQuote(stdinFile)}`} || exit 1`,
    `cd ${shellQuote(cwd)} || exit 1`,
    'unset OLDPWD',
    ...commandLines(request),
    '}',
    '',
  ].join('\n')
}

/**
 * The command gets the submitter's variables and `WAYBILL_JOB` (the job's name); not the index of an embedded job that Waybill
 * itself may run in.
 */
function environmentLines({ env, name }: Pick<SubmitRequest, 'env' | 'name'>): readonly string[] {
  const { WAYBILL_ARRAY_TASK_ID: _other, ...own } = env
  const path = 'PATH' in own ? [] : ['unset PATH']
  return [...path, ...exportLines({ ...own, WAYBILL_JOB: name })]
}

/** Several words are run as they are; a single word is a line for `sh -c`, as DataLad's `run` has it. */
function commandLines({
  words,
  isShellFile = false,
}: Pick<SubmitRequest, 'words' | 'isShellFile'>): readonly string[] {
  const [first = '', ...more] = words
  const quoted = (some: readonly string[]): string => some.map(shellQuote).join(' ')
  if (isShellFile) return [`set -- ${quoted(more)}`, `. ${shellQuote(first)}`]
  if (more.length === 0) return [`exec sh -c ${shellQuote(first)}`]
  // Not every shell knows `exec --`.
  return [`exec ${first.startsWith('-') ? 'env -- ' : ''}${quoted(words)}`]
}
