import type { FinishNote, OddReason } from '../job/note.ts'
import type { Waited } from '../job/finish/ended.ts'
import { counted, duration } from './quantities.ts'
import { shortRef } from './short-ref.ts'
import type { Words } from './word-table.ts'
import type { RefusedFile } from '../dataset/stage.ts'
import type { LeftFile } from '../dataset/take-out.ts'

/** Words for what `finish`, `close`, `cancel` and recovery have to say. */
export const finishWords = {
  // datalad-slurm's own text, without the blank it leaves out: scripts look for it.
  'not-complete': (note) =>
    note.scheduler === 'slurm'
      ? `Slurm job(s) for job ${note.job} are not complete.Statuses: ${note.statuses}${recordedWords(note)}`
      : `job ${note.job} is not complete. Statuses: ${note.statuses}${recordedWords(note)}`,
  'closed-failed': (note) =>
    `Closing failed / cancelled jobs. Statuses: ${note.statuses}${recordedWords(note)}`,
  'tasks-recorded': (note) =>
    `no other task of job ${note.job} completed. Statuses: ${note.statuses}${recordedWords(note)}. ${restWords(note.job)}`,
  'tasks-kept': (note) =>
    `recorded of job ${note.job}: ${/^\d+$/.test(note.tasks) ? 'task' : 'tasks'} ${note.tasks}; it stays open for the others (${note.statuses}). ${restWords(note.job)}`,
  'tasks-untold': ({ job, paths }) =>
    `it cannot be told which task of job ${job} made ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ` (and ${paths.length - 3} more)` : ''}, and so nothing of it was recorded. Say it, with {task} for the index: \`waybill finish ${job} --completed-tasks -o 'out/{task}.csv'\`; or record all that it made, with --commit-failed-jobs`,
  'children-open': ({ job, jobs, recorded }) =>
    `job ${job} submitted ${childJobs(jobs)}, and not all have ended; ${recorded ? 'its record says how they are now, and nobody records what they make from now on. A payload should wait for what it submits' : `nobody records what they make. To end them: \`scancel ${jobs.join(' ')}\``}`,
  'children-unreadable': ({ job }) =>
    `which jobs the payload of job ${job} submitted, if any, is not available: what it noted of them cannot be read by you, but by whoever ran it`,
  'children-cancelled': ({ job, jobs }) => `cancelled, too: ${childJobs(jobs)} that job ${job} submitted`,
  'children-not-cancelled': ({ job, jobs }) =>
    `${childJobs(jobs)} that job ${job} submitted may still run; to end them: \`scancel ${jobs.join(' ')}\``,
  'log-shared': () => 'written by several tasks: it goes with the last record of the job',
  'being-replaced': ({ job, by }) =>
    `the failed tasks of job ${job} are being submitted again as ${by}, and it is not known yet whether they were; see \`waybill jobs\``,
  'outputs-need-one-job': () =>
    'outputs that are given at finish belong to one job: name that job, as in `waybill finish 4711 -o PATH`',
  'job-unknown': (note) =>
    `nobody can tell how job ${note.job} ended: ${note.why}. Look at its log; if you know, say so: \`waybill finish --assume completed ${note.job}\` (or failed)`,
  'job-unanswered': (note) =>
    `job ${note.job} could not be asked about: ${note.why}. It stays open; try again later`,
  'still-submitting': (note) =>
    `job ${note.job} is being submitted by another process; try again when that has ended`,
  'no-such-job': (note) => `there is no job ${note.job} here; \`waybill jobs\` lists the open ones`,
  'ambiguous-job': (note) =>
    `${note.job} names several jobs: ${note.candidates.join(', ')}; use one of these names`,
  'already-over': (note) =>
    note.commit === null
      ? `job ${note.job} is already ${note.state}`
      : `job ${note.job} is already recorded, as ${note.commit.slice(0, 10)}`,
  'nothing-open': () => 'no open jobs',
  'none-since': ({ revision }) => `no open job was submitted at ${revision} or after it`,
  'submitted-before': ({ job, revision }) => `job ${job} was submitted before ${revision}, and left alone`,
  'other-worktree': (note) =>
    `job ${note.job} was submitted from the worktree ${note.worktree}; do that there. Where that is gone for good, \`waybill close ${note.job}\` gives the job up`,
  'other-branch': (note) =>
    `job ${note.job} was submitted on branch ${shortRef(note.branch)}, and ${shortRef(note.now)} is checked out; \`git switch ${shortRef(note.branch)}\` and finish there, or give the job up with \`waybill close ${note.job}\` and save its files yourself`,
  'output-missing': ({ path, waited }) =>
    waited === undefined
      ? `output ${path} was declared, but the job made no such file`
      : unseenWords(path, waited),
  'not-recorded': (note) => oddWords(note.reason),
  'not-stored': (note) => refusedWords(note.why, note.message),
  'not-saved': (note) =>
    `job ${note.job} stays open, and its files are in place; run \`waybill finish\` again when the cause is mended`,
  'log-missing': (note) => `the job's log ${note.path} does not exist`,
  'task-needed': (note) =>
    `job ${note.job} is an array (${note.indices}): name a task, as in \`waybill logs ${note.job} --task ${note.indices.split(/[-,]/)[0] ?? '0'}\``,
  'member-needed': (note) =>
    `job ${note.job} is ${note.ids.length} jobs of Slurm's (${note.ids.slice(0, 10).join(', ')}${note.ids.length > 10 ? ', …' : ''}): name one, as in \`waybill logs ${note.ids[0] ?? note.job}\``,
  'no-log': (note) => `job ${note.job} keeps no such log`,
  'ended-already': (note) => `job ${note.job} is already over; \`waybill finish\` records it`,
  'has-its-id': ({ job }) => `job ${job} has its id already`,
  'id-taken': ({ schedulerId, job }) => `${schedulerId} is job ${job} already`,
  'not-at-scheduler': ({ schedulerId }) =>
    `Slurm shows no job ${schedulerId} that was submitted since; look with \`squeue --me\` and \`sacct\``,
  'taken-over': () =>
    'another process took over while the record was made, and nothing was recorded here; see `waybill jobs`',
  'submission-lost': ({ job, mayBeOurs }) =>
    `its submission was interrupted, and the scheduler does not show it${mayBeOurs ? ' (yet)' : ' to you: its user can look'}. If you find it yourself (squeue, sacct), say so: \`waybill adopt ${job} ID\`; if there is no such job, give it up: \`waybill close ${job}\``,
  'assume-needs-names': () =>
    'your word is taken for jobs that you name: `waybill finish --assume completed JOB`',
  'nothing-changed': () => 'the outputs are as they were: no commit was needed',
  'recorded-by-other': (note) => `another finish recorded it, as ${note.commit.slice(0, 10)}`,
  closed: () => 'given up: its reservations are released, its files are left as they are',
  'left-as-is': (note) => leftWords(note.why),
  'cancel-asked': () => 'cancelled; `waybill finish --close-failed-jobs` closes it when it has ended',
  'cancel-failed': (note) => `it could not be cancelled: ${note.words.trim()}`,
  'still-running': (note) =>
    `job ${note.job} is not over: cancel it first (\`waybill cancel ${note.job}\`), or give it up all the same with --force`,
  'assume-not-needed': (note) =>
    `job ${note.job} is known to be ${note.state}: a person's word is taken only where no witness can tell`,
  'recovered-never-submitted': (note) =>
    `an interrupted schedule had left ${note.job} behind; it was never submitted, and its outputs are free again`,
  'recovered-submitted': (note) =>
    `an interrupted schedule had left ${note.job} behind; it was submitted, as job ${note.schedulerId}`,
  'recovered-move': (note) =>
    note.how === 'done'
      ? 'an interrupted finish was completed'
      : 'an interrupted finish was undone; its jobs are open and their files are in place',
  'no-commit-yet': () =>
    'there is no commit yet that branches or a merge could begin at: make a first one, or finish without --branches and --octopus',
  'too-many-to-merge': ({ jobs, most }) =>
    `${jobs} jobs have ended, and a merge of more than ${most} branches is more than git's own tools and others that show history are made for; nothing was changed. Name at most ${most} jobs at a time, or use --branches`,
  'branch-taken': ({ job, branch, taken }) =>
    `there is a branch ${taken} already, and job ${job} would be recorded on ${branch}; rename it (\`git branch -m ${taken} NEW\`), or delete it when nobody needs what it holds (\`git branch -D ${taken}\`), and finish again. The job stays open`,
  'left-in-place': ({ why }) => inPlaceWords(why),
} satisfies Words<FinishNote>

/** Whether the job made it is more than can be known here. */
function unseenWords(path: string, { fileSystem, seconds }: Waited): string {
  const when = seconds === null ? 'yet' : `${duration(seconds)} after the end of the job`
  return `output ${path} was declared, and there is no such file to be seen here ${when}. The job did not make it, or this machine's ${fileSystem} file system is late: when it appears, add and commit it yourself, and let WAYBILL_OUTPUTS_WAIT be more seconds`
}

function recordedWords({ recorded }: { readonly recorded: string }): string {
  return recorded === '' ? '' : ` (recorded already: ${recorded})`
}

function restWords(job: string): string {
  return `\`waybill reschedule --failed-tasks ${job}\` runs them again; \`waybill finish ${job}\` with --close-failed-jobs lets go of them, with --commit-failed-jobs records them too`
}

function inPlaceWords(why: LeftFile['why']): string {
  switch (why) {
    case 'differs':
      return 'left in the work tree: it is no longer what was recorded on the branch of its job'
    case 'not-settled':
      return 'left in the work tree: a merge waits at this path, or git was told not to look at it'
    case 'no-room':
      return 'it could not be put back as git has it: something stands in its place; `git checkout -- PATH` brings it back'
    case 'no-permission':
      return 'left in the work tree, where it may not be removed: permission denied'
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
      return 'it cannot be read: permission denied. Give yourself the right (`chmod u+r`, of a folder `u+rx`) and run `waybill finish` again'
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
      return 'permission denied: it may not be read, or the folder it lies in may not be written. Give yourself both (`chmod u+rw`, of a folder `u+rwx`) and run `waybill finish` again'
    case 'not-a-file':
      return 'it is neither a file nor a symlink'
    case 'other':
      return `it could not be stored: ${message.trim()}`
  }
}

/** `2 jobs (4711, 4712)` */
function childJobs(jobs: readonly string[]): string {
  return `${counted(jobs.length, 'job')} (${jobs.slice(0, 5).join(', ')}${jobs.length > 5 ? ', …' : ''})`
}
