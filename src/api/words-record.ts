import type { RescheduleNote } from '../job/note.ts'
import type { RecordFailure } from '../provenance/message.ts'
import type { Words } from './word-table.ts'

/** Words for what `reschedule` and `show` have to say. */
export const recordWords = {
  'no-record': () => 'this commit holds no record that could be run again',
  'bad-record': (note) => `the record in this commit cannot be used: ${note.detail}`,
  'old-pair': (note) =>
    `this is a [${note.title}] commit of an early datalad-slurm, which kept a record in two commits; these cannot be run again yet`,
  'no-records': (note) => `no records of completed jobs in ${note.range}`,
  'other-dataset': (note) => `it was recorded in another dataset (${note.dsid})`,
  'no-array-now': (note) => `it asks for no array any more, so no tasks of one can be run: ${note.cmd}`,
  'no-array': (note) => `job ${note.job} is no array; \`waybill reschedule\` runs a record again as a whole`,
  'no-failed-tasks': (note) => `every task of job ${note.job} completed: there is nothing to run again`,
  'record-completed-first': (note) =>
    `tasks ${note.tasks} of job ${note.job} completed and are not recorded yet; record them first, with \`waybill finish --completed-tasks ${note.job}\``,
  'replaced-by': ({ job, by }) =>
    `the failed tasks of job ${job} run again as ${by} already: once that is over, \`waybill reschedule --failed-tasks ${by}\` runs those of its own that failed`,
  'replaced-meanwhile': () =>
    'nothing was submitted: the job was finished, closed or run again meanwhile; see `waybill jobs`',
  'is-merge': () => 'it is a merge, and belongs to no single job',
  'skipped-failed': (note) => `skipped: ${note.title}`,
  sidecar: (note) => `its record lies in the sidecar file ${note.name}, which cannot be read yet`,
  differs: (note) => `differs from the record: ${note.paths.join(', ')}; the job runs with what is there now`,
  'would-reschedule': (note) => `would run in ${note.pwd}: ${note.cmd}`,
  'pwd-not-folder': (note) =>
    `its job ran in the folder ${note.pwd}, and ${note.file} is a file here; move that away, and run the command again`,
  'no-such-record': ({ target }) =>
    `there is no job ${target} in this clone, no record of a Slurm job of that id in its history, and no commit or recorded file of that name. A job of another clone is found by Slurm's id, or as a commit, once its record has been pulled`,
  'record-gone': (note) =>
    `job ${note.job} was recorded as ${note.commit.slice(0, 10)}, but that commit is gone, and no branch holds its record; another clone may (\`git fetch\`)`,
  'no-record-for-path': (note) => `no record made ${note.path}`,
} satisfies Words<RescheduleNote | RecordFailure>
