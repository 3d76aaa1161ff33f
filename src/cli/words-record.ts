import type { Note } from '../job/note.ts'

/** Words for what `reschedule` and `show` have to say; null for notes about something else. */
export function recordWords(note: Note): string | null {
  switch (note.kind) {
    case 'no-record':
      return 'this commit holds no record that could be run again'
    case 'bad-record':
      return `the record in this commit cannot be used: ${note.detail}`
    case 'old-pair':
      return `this is a [${note.title}] commit of an early datalad-slurm, which kept a record in two commits; these cannot be run again yet`
    case 'no-records':
      return `no records of completed jobs in ${note.range}`
    case 'other-dataset':
      return `it was recorded in another dataset (${note.dsid})`
    case 'is-merge':
      return 'it is a merge, and belongs to no single job'
    case 'skipped-failed':
      return `skipped: ${note.title}`
    case 'still-open':
      return `its repetition ${note.job} is already open`
    case 'sidecar':
      return `its record lies in the sidecar file ${note.name}, which cannot be read yet`
    case 'differs':
      return `differs from the record: ${note.paths.join(', ')}; the job runs with what is there now`
    case 'would-reschedule':
      return `would run in ${note.pwd}: ${note.cmd}`
    case 'no-record-for-path':
      return `no record made ${note.path}`
    default:
      return null
  }
}
