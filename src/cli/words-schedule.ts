import type { Note } from '../job/note.ts'
import { bytes, counted } from './quantities.ts'

/** Words for what `schedule` has to say; null for notes about something else. */
export function scheduleWords(note: Note): string | null {
  switch (note.kind) {
    case 'scheduled':
      return note.cmd
    case 'no-outputs':
      return 'at least one output must be named: -o PATH'
    case 'no-command':
      return 'no command given: put it after the options, as in `waybill schedule -o results/ sbatch job.sh`'
    case 'array-needs-local':
      return '--array on schedule is for commands that run on this machine; give an array to sbatch itself: `sbatch --array=…`'
    case 'bad-array':
      return `"${note.text}" is no list of array indices; write it as in 0-9, 1,3,7-9:2 or 0-99%4`
    case 'needs-shell':
      return `"${note.line}" needs a shell (because of ${note.construct}); give sbatch and its arguments as separate words`
    case 'unfinished-quote':
      return `"${note.line}" has a ${note.quote} that is never closed`
    case 'unknown-placeholder':
      return `"${note.text}" has an unrecognized placeholder {${note.name}}; known are ${note.known.map((name) => `{${name}}`).join(' ')}. Write {{ and }} for plain braces`
    case 'lone-brace':
      return `"${note.text}" has a brace without its twin; write {{ or }} for a plain brace`
    case 'output-conflict':
      return `output ${note.wanted} conflicts with ${note.reserved} of job ${jobWords(note)}, which is open; finish or close that job first, or choose another output`
    case 'output-is-root-pattern':
      return `the pattern ${note.pattern} could match anything in the dataset, so no other job could be scheduled; name a folder, or allow it with --reserve-all`
    case 'input-is-open-output':
      return `input ${note.input} is an output (${note.reserved}) of job ${jobWords(note)}, which is open: it may still change. To wait for that job, use --after ${note.job}`
    case 'input-missing':
      return `input ${note.path} does not exist; nothing was submitted`
    case 'input-not-fetched':
      return `the content of input ${note.path} could not be fetched: ${note.detail}`
    case 'script-missing':
      return `the script ${note.path} cannot be read; nothing was submitted`
    case 'after-needs-slurm':
      return '--after is for Slurm jobs; a command on this machine can wait for nothing'
    case 'after-unknown':
      return `--after ${note.job}: there is no such open Slurm job here`
    case 'made-writable':
      return madeWritable(note.files, note.copiedBytes)
    case 'kept':
      return note.why === 'kept-untracked'
        ? 'not removed: git does not know it'
        : 'not removed: it has changes that git does not hold'
    case 'too-large-to-copy':
      return `making the annexed outputs writable would copy ${bytes(note.bytes)}, but only ${bytes(note.free)} are free; use --fresh-outputs to remove them instead (their content stays in the annex)`
    case 'log-outside':
      return `the log ${note.path} lies outside the dataset: it stays there and is not recorded`
    case 'refused':
      return `sbatch refused: ${note.words.trim() || `exit code ${note.exitCode}`}`
    case 'submission-unknown':
      return `it is not known whether the job was submitted: ${note.words.trim() || 'no answer'}. It stays reserved as ${note.job}; \`waybill jobs\` looks for it. Do not submit it again before it is found or given up (\`waybill close ${note.job}\`)`
    case 'no-job':
      return `${note.cmd}: no job was submitted, as asked`
    case 'waited-job-failed':
      return `sbatch --wait ended with exit code ${note.exitCode}`
    case 'detached-head':
      return 'HEAD is detached: a record would belong to no branch; make one with `git switch -c NAME`'
    case 'interrupted':
      return 'interrupted'
    default:
      return null
  }
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
