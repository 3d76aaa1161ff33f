import { pieceName } from './piece-name.ts'
import type { RescheduleNote } from '../job/note.ts'
import type { RecordFailure } from '../provenance/message.ts'
import type { Words } from './word-table.ts'

/** Words for what `reschedule` and `show` have to say. */
export const recordWords = {
  'no-record': () => 'this commit holds no record that could be run again',
  'bad-record': (note) => `the record in this commit cannot be used: ${note.detail}`,
  'no-records': (note) => `no records of completed jobs in ${note.range}`,
  'other-dataset': (note) => `it was recorded in another dataset (${note.dsid})`,
  'no-array-now': (note) => `it asks for no array any more, so no tasks of one can be run: ${note.cmd}`,
  'no-array': (note) => `job ${note.job} is no array; \`waybill reschedule\` runs a record again as a whole`,
  'no-failed-tasks': (note) => `every task of job ${note.job} completed: there is nothing to run again`,
  'no-tasks': ({ of, why }) => noTasksWords(of, why),
  'no-such-task': ({ of, tasks, known }) =>
    `${of} has no ${/^\d+$/.test(tasks) ? 'task' : 'tasks'} ${tasks}; it has ${known}`,
  'one-task': ({ of, first }) =>
    `one task is shown at a time, as in \`waybill show ${of}:${first}\`; \`waybill show ${of}\` has the states of all`,
  'record-completed-first': (note) =>
    `tasks ${note.tasks} of job ${note.job} completed and are not recorded yet; record them first, with \`waybill finish --completed-tasks ${note.job}\``,
  'replaced-by': ({ job, by }) =>
    `the failed tasks of job ${job} run again as ${by} already: once that is over, \`waybill reschedule --failed-tasks ${by}\` runs those of its own that failed`,
  'replaced-meanwhile': () =>
    'nothing was submitted: the job was finished, closed or run again meanwhile; see `waybill jobs`',
  'is-merge': () => 'it is a merge, and belongs to no single job',
  'skipped-failed': (note) => `skipped: ${note.title}; with --with-failed-jobs it is run all the same`,
  'sidecar-missing': (note) =>
    `its record lies in the file ${note.name}, which its commit does not hold in .datalad/runinfo; if it is elsewhere, say so by \`git config datalad.run.record-directory FOLDER\``,
  'sidecar-absent': (note) =>
    `its record lies in ${note.path}, whose content is not here and cannot be fetched; \`git annex whereis\` says who may have it`,
  'sidecar-needs-xz': (note) =>
    `its record lies in a file packed by xz, and there is no \`xz\` here to unpack it (${note.message}); install xz-utils`,
  'still-open': (note) =>
    `job ${note.job} is still open and has no record yet; \`waybill finish ${note.job}\` makes it when the job has ended`,
  'pair-open': (note) =>
    `${note.job === null ? 'its job' : `job ${note.job}`} is still open: this commit says that it was submitted, and no [DATALAD FINISH] commit follows; finish it with the tool that made it`,
  'over-unrecorded': (note) => `job ${note.job} is over and has no record that could be run again`,
  'overrides-need-sbatch': (note) =>
    `words after -- are for sbatch, and this record's command is none: ${note.cmd}; run it again without them, or schedule it anew`,
  'override-no-option': (note) =>
    `${note.word} is no option of sbatch; after -- stand options alone, as in -- --partition=big --time=4:00:00`,
  'replay-written': (note) =>
    `wrote ${note.path}, which runs ${note.records === 1 ? 'one record' : `${note.records} records`} again`,
  'states-conflict': (note) =>
    `the records ${note.commits.map((commit) => commit.slice(0, 10)).join(' and ')} need different contents of ${note.path}, and their jobs would be open at once; run them with --as-recorded one after the other, with a finish between`,
  restored: (note) =>
    `put as recorded: ${named(note.paths)}; they stay in the work tree as changes, until \`git checkout -- PATH\` takes HEAD's back`,
  'would-restore': (note) => `would put as recorded: ${named(note.paths)}`,
  'uncommitted-inputs': (note) =>
    `--as-recorded would overwrite changes that no commit holds: ${named(note.paths)}; commit them or take them back first`,
  'cannot-restore': (note) =>
    `cannot be put back as recorded, since what they held is nowhere here, nor can it be fetched: ${named(note.paths)}; nothing was changed. \`waybill reschedule\` without --as-recorded runs with what is there now`,
  'restore-in-subdataset': (note) =>
    `${named(note.paths)} lies in a subdataset, whose files are not put back from here; check out the commit that you want there yourself (\`git log\` there, \`git checkout\`), and run this again. Nothing was changed`,
  'restore-in-way': (note) =>
    note.path === note.file
      ? `${note.path} was a file for this record and is something else now; move it away first`
      : `${note.path} was a file for this record, and ${note.file} is no folder now; move it away first`,
  'restore-in-use': (note) =>
    `${note.path} would have to be put back as recorded, and the open job ${note.job} ${note.how} it; finish that first`,
  differs: (note) => `differs from the record: ${note.paths.join(', ')}; the job runs with what is there now`,
  'repeat-no-asset': ({ asset, keys, why }) =>
    `what it makes does not count as ${asset === null ? 'the asset' : pieceName(asset, keys)}: ${notAsset[why]}; \`waybill materialize\` makes what is defined now`,
  'would-reschedule': (note) => `would run in ${note.pwd}: ${note.cmd}`,
  'pwd-not-folder': (note) =>
    `its job ran in the folder ${note.pwd}, and ${note.file} is a file here; move that away, and run the command again`,
  'no-such-record': ({ target }) =>
    `there is no job ${target} in this clone, no record of a Slurm job of that id in its history, and no commit or recorded file of that name. A job of another clone is found by Slurm's id, or as a commit, once its record has been pulled`,
  'record-gone': (note) =>
    `job ${note.job} was recorded as ${note.commit.slice(0, 10)}, but that commit is gone, and no branch holds its record; another clone may (\`git fetch\`)`,
  'no-record-for-path': (note) => `no record made ${note.path}`,
} satisfies Words<RescheduleNote | RecordFailure>

function noTasksWords(of: string, why: Extract<RescheduleNote, { kind: 'no-tasks' }>['why']): string {
  const whole = `\`waybill show ${of}\` and \`waybill reschedule ${of}\` take it as a whole`
  switch (why) {
    case 'foreign':
      return `the record of ${of} was not made by Waybill, and says nothing of single tasks; ${whole}`
    case 'several-jobs':
      return `${of} is a command that submitted several jobs, and their tasks cannot be named one by one; ${whole}`
    case 'no-array':
      return `${of} is no array, and has no tasks; ${whole}`
  }
}

/** Many files are named by the first of them. */
function named(paths: readonly string[]): string {
  const shown = paths.slice(0, 10).join(', ')
  return paths.length > 10 ? `${shown} and ${paths.length - 10} more` : shown
}

/** Why a repeat makes no asset. */
const notAsset = {
  'no-definitions': 'there are no definitions here that can be read (`waybill assets check` tells why)',
  gone: 'it is not defined any more',
  'other-command': 'the definitions have another command for it now',
  elsewhere: 'it runs in another directory than the definitions say',
  'lists-gone': 'the file that lists its keys is gone',
} as const
