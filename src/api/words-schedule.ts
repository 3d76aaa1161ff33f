import type { ScheduleNote } from '../job/note.ts'
import type { PlaceholderFailure } from '../job/schedule/placeholders.ts'
import type { Words } from './word-table.ts'
import { bytes, counted } from './quantities.ts'

/** Words for what `schedule` has to say. */
export const scheduleWords = {
  scheduled: (note) => note.cmd,
  'no-outputs': () => 'at least one output must be named: -o PATH',
  'no-command': () =>
    'no command given: put it after the options, as in `waybill schedule -o results/ sbatch job.sh`',
  'array-needs-local': () =>
    '--array on schedule is for commands that run on this machine; give an array to sbatch itself: `sbatch --array=…`',
  'bad-array': (note) =>
    `"${note.text}" is no list of array indices; write it as in 0-9, 1,3,7-9:2 or 0-99%4`,
  'unfinished-quote': (note) => `"${note.line}" has a ${note.quote} that is never closed`,
  'unknown-placeholder': (note) => unknownPlaceholder(note),
  'lone-brace': (note) => `"${note.text}" has a brace without its twin; write {{ or }} for a plain brace`,
  'output-conflict': (note) =>
    `output ${note.wanted} conflicts with ${note.reserved} of job ${jobWords(note)}, which is open; finish or close that job first, or choose another output`,
  'task-needs-array': (note) =>
    `output ${note.output} has {task} in it, but the job is no array; give sbatch (or for a command on this machine, schedule) an --array, or write {{task}} for plain braces`,
  'output-is-root-pattern': (note) =>
    `the pattern ${note.pattern} could match anything in the dataset, so no other job could be scheduled; name a folder, or allow it with --reserve-all`,
  'input-is-open-output': (note) =>
    `input ${note.input} is an output (${note.reserved}) of job ${jobWords(note)}, which is open: it may still change. To wait for that job, use --after ${note.job}`,
  'input-missing': (note) => `input ${note.path} does not exist; nothing was submitted`,
  'input-not-fetched': (note) => `the content of input ${note.path} could not be fetched: ${note.detail}`,
  'script-missing': (note) =>
    `the script ${note.path} cannot be read; nothing was submitted${note.copy === null ? '' : `. Its text as it was recorded: \`git show ${note.copy}\``}`,
  'after-needs-slurm': () => '--after is for Slurm jobs; a command on this machine can wait for nothing',
  'after-needs-sbatch': () =>
    '--after cannot reach the sbatch calls within your command; give them a --dependency there, or submit each by its own `waybill schedule`',
  'submitted-nothing': (note) =>
    note.exitCode === 0
      ? `it submitted no job to Slurm, as far as its output and its calls of sbatch tell; a command that is to run on this machine needs --scheduler local${said(note.words)}`
      : `it submitted no job to Slurm and ended with exit code ${note.exitCode}${said(note.words)}`,
  'command-failed': (note) =>
    `the command ended with exit code ${note.exitCode}, after it had submitted ${counted(note.submitted, 'job')}`,
  'after-unknown': (note) => `--after ${note.job}: there is no such open Slurm job here`,
  'after-failed': ({ job, states }) =>
    `job ${job} did not complete (${states}): a job that waits for it would never start, or start at once; finish or close it first`,
  'made-writable': (note) => madeWritable(note.files, note.copiedBytes),
  kept: (note) =>
    note.why === 'kept-untracked'
      ? 'not removed: git does not know it'
      : 'not removed: it has changes that git does not hold',
  'too-large-to-copy': (note) =>
    `making the annexed outputs writable would copy ${bytes(note.bytes)}, but only ${bytes(note.free)} are free; use --fresh-outputs to remove them instead (their content stays in the annex)`,
  'log-outside': (note) =>
    `the log ${note.path} lies outside the dataset: it stays there and is not recorded`,
  // A command on this machine has no sbatch that ended.
  refused: (note) =>
    note.exitCode === null
      ? `it could not be started: ${note.words.trim()}`
      : `sbatch refused: ${note.words.trim() || `exit code ${note.exitCode}`}`,
  'submission-unknown': (note) =>
    `it is not known whether the job was submitted: ${note.words.trim() || 'no answer'}. It stays reserved as ${note.job}; \`waybill jobs\` looks for it. Do not submit it again before it is found or given up (\`waybill close ${note.job}\`)`,
  'no-job': (note) => `${note.cmd}: no job was submitted, as asked`,
  'detached-head': () =>
    'HEAD is detached: a record would belong to no branch; make one with `git switch -c NAME`',
} satisfies Words<ScheduleNote | PlaceholderFailure>

function unknownPlaceholder(note: Extract<PlaceholderFailure, { kind: 'unknown-placeholder' }>): string {
  const text = `"${note.text}" has an unrecognized placeholder {${note.name}}`
  if (/^task(?::|$)/.test(note.name))
    return `${text}: {task} and {task:03} stand for the index of an array's task in its outputs alone (-o). In the command, the shell of the task knows it as $SLURM_ARRAY_TASK_ID (of a command on this machine $WAYBILL_ARRAY_TASK_ID)`
  const known = note.known.map((name) => `{${name}}`).join(' ')
  const why =
    note.name.startsWith('outputs') && !note.known.includes('outputs')
      ? ' (an output with {task} in it is known to its task alone)'
      : ''
  return `${text}${why}; known are ${known}. Write {{ and }} for plain braces`
}

function said(words: string): string {
  return words.trim() === '' ? '' : `: ${words.trim()}`
}

function jobWords(note: { readonly job: string; readonly schedulerId: string | null }): string {
  return note.schedulerId === null || note.schedulerId === note.job
    ? note.job
    : `${note.job} (${note.schedulerId})`
}

function madeWritable(files: number, copied: number): string {
  const how = copied === 0 ? 'without copying' : `by copying ${bytes(copied)}`
  return (
    `${counted(files, 'annexed output')} made writable ${how}; until the job is finished or closed, git shows them as modified, ` +
    'refuses to check out over them, and `git stash` would take them away'
  )
}
