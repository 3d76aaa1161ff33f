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
