import type { RefusedFile } from '../dataset/stage.ts'
import type { OddReason } from '../job/collect.ts'
import type { Note } from '../job/note.ts'

/** Words for what `finish`, `close`, `cancel` and recovery have to say; null for notes about something else. */
export function finishWords(note: Note): string | null {
  switch (note.kind) {
    case 'not-complete':
      // datalad-slurm's own text, without the blank it leaves out: scripts look for it.
      return note.scheduler === 'slurm'
        ? `Slurm job(s) for job ${note.job} are not complete.Statuses: ${note.statuses}`
        : `job ${note.job} is not complete. Statuses: ${note.statuses}`
    case 'closed-failed':
      return `Closing failed / cancelled jobs. Statuses: ${note.statuses}`
    case 'job-unknown':
      return `nobody can tell how job ${note.job} ended: ${note.why}. Look at its log; if you know, say so: \`waybill finish --assume completed ${note.job}\` (or failed)`
    case 'job-unanswered':
      return `job ${note.job} could not be asked about: ${note.why}. It stays open; try again later`
    case 'still-submitting':
      return `job ${note.job} is being submitted by another process; try again when that has ended`
    case 'no-such-job':
      return `there is no job ${note.job} here; \`waybill jobs\` lists the open ones`
    case 'ambiguous-job':
      return `${note.job} names several jobs: ${note.candidates.join(', ')}; use one of these names`
    case 'already-over':
      return note.commit === null
        ? `job ${note.job} is already ${note.state}`
        : `job ${note.job} is already recorded, as ${note.commit.slice(0, 10)}`
    case 'nothing-open':
      return 'no open jobs'
    case 'other-worktree':
      return `job ${note.job} was submitted from the worktree ${note.worktree}; run \`waybill finish\` there`
    case 'other-branch':
      return `job ${note.job} was submitted on branch ${shortRef(note.branch)}, and ${shortRef(note.now)} is checked out; \`git switch ${shortRef(note.branch)}\` and finish there, or give the job up with \`waybill close ${note.job}\` and save its files yourself`
    case 'output-missing':
      return `output ${note.path} was declared, but the job made no such file`
    case 'not-recorded':
      return oddWords(note.reason)
    case 'not-stored':
      return refusedWords(note.why, note.message)
    case 'not-saved':
      return `job ${note.job} stays open, and its files are in place; run \`waybill finish\` again when the cause is mended`
    case 'log-missing':
      return `the job's log ${note.path} does not exist`
    case 'task-needed':
      return `job ${note.job} is an array (${note.indices}): name a task, as in \`waybill logs ${note.job} --task ${note.indices.split(/[-,]/)[0] ?? '0'}\``
    case 'no-log':
      return `job ${note.job} keeps no such log`
    case 'ended-already':
      return `job ${note.job} is already over; \`waybill finish\` records it`
    case 'recorded':
      return note.title
    case 'nothing-changed':
      return 'the outputs are as they were: no commit was needed'
    case 'recorded-by-other':
      return `another finish recorded it, as ${note.commit.slice(0, 10)}`
    case 'closed':
      return 'given up: its reservations are released, its files are left as they are'
    case 'left-as-is':
      return leftWords(note.why)
    case 'cancel-asked':
      return 'cancelled; `waybill finish --close-failed-jobs` closes it when it has ended'
    case 'cancel-failed':
      return `it could not be cancelled: ${note.words.trim()}`
    case 'still-running':
      return `job ${note.job} is not over: cancel it first (\`waybill cancel ${note.job}\`), or give it up all the same with --force`
    case 'assume-not-needed':
      return `job ${note.job} is known to be ${note.state}: a person's word is taken only where no witness can tell`
    case 'recovered-never-submitted':
      return `an interrupted schedule had left ${note.job} behind; it was never submitted, and its outputs are free again`
    case 'recovered-submitted':
      return `an interrupted schedule had left ${note.job} behind; it was submitted, as job ${note.schedulerId}`
    case 'recovered-move':
      return note.how === 'done'
        ? 'an interrupted finish was completed'
        : 'an interrupted finish was undone; its jobs are open and their files are in place'
    default:
      return null
  }
}

function leftWords(why: 'changed' | 'gone' | 'only-copy'): string {
  switch (why) {
    case 'changed':
      return 'changed by the job, and left as it is: git shows it as modified; `git checkout -- PATH` brings the old one back'
    case 'gone':
      return 'removed by the job, and left so: git shows it as deleted; `git checkout -- PATH` brings it back'
    case 'only-copy':
      return 'unchanged, but the annex no longer has its content: this file is the only copy, `git annex add` it'
  }
}

function oddWords(reason: OddReason): string {
  switch (reason) {
    case 'empty-directory':
      return 'an empty directory cannot stand in git'
    case 'repository':
      return 'a repository of its own (it has a .git): its files are not recorded here; remove that .git, or make it a submodule'
    case 'socket':
    case 'fifo':
    case 'device':
      return `a ${reason} cannot be recorded`
    case 'unreadable':
      return 'it cannot be read: permission denied'
    case 'not-utf8':
      return 'its name is not valid UTF-8; rename it and record it with a commit of your own'
  }
}

function refusedWords(why: RefusedFile['why'], message: string): string {
  switch (why) {
    case 'ignored':
      return 'hidden by .gitignore, and so not recorded; change .gitignore, or `git annex add --no-check-gitignore` it yourself'
    case 'vanished':
      return 'it vanished while it was being recorded'
    case 'changed':
      return 'it was still being written while it was recorded; the job may have left a process behind'
    case 'no-permission':
      return 'it cannot be read: permission denied'
    case 'not-a-file':
      return 'it is neither a file nor a symlink'
    case 'other':
      return `it could not be stored: ${message.trim()}`
  }
}

function shortRef(ref: string): string {
  return ref.replace(/^refs\/heads\//, '')
}
