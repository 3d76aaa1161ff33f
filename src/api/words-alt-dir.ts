import type { AltDirNote } from '../job/note.ts'
import { bytes, counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for what there is to say of a job's alternative directory. */
export const altDirWords = {
  'alt-dir-unfit': (note) => `${note.dir} ${unfit[note.why]}; nothing was submitted`,
  'alt-file-in-use': (note) =>
    `${note.path} in ${note.dir} differs from the dataset's, and job ${note.job}, which is open, uses it; nothing was submitted. Finish or close that job first, or take another directory`,
  'alt-no-folder': (note) =>
    `${note.path} in ${note.dir} is no folder, and the job needs one there; nothing was submitted. Move it away, or take another directory`,
  'alt-leads-back': (note) =>
    `${note.path} in ${note.dir} is a link into the dataset, which the copies would damage; nothing was submitted. Remove the link, or take another directory`,
  'alt-dir-full': (note) =>
    `${note.dir} has ${bytes(note.free)} free, and the inputs take ${bytes(note.bytes)}; nothing was copied and nothing was submitted`,
  'input-not-copied': (note) =>
    `${note.path} could not be put into ${note.dir}: ${note.message}; what had been copied is removed, and nothing was submitted`,
  'changed-while-copied': (note) =>
    `${note.path} was written to while it was copied; nothing was taken of it. Run the command again when it is at rest`,
  'copied-inputs': (note) =>
    `${counted(note.files, 'file')} copied to ${note.dir} (${bytes(note.bytes)}), where the job runs`,
  'alt-dir-gone': (note) =>
    `${note.dir} is not there, or not what it was: ${note.marker} is missing. Nothing was recorded; the job stays open. Is it mounted on this machine? If what the job made is there all the same, make that file again (\`touch\`); if it is lost, \`waybill close\` gives the job up`,
  'output-not-copied': (note) =>
    `${note.path} could not be brought back from ${note.dir}: ${note.message}; what has come is whole, and the next finish goes on`,
  'output-in-the-way': (note) =>
    `${note.path} in the dataset is in the way of what the job made in ${note.dir}: one is a folder where the other is none. Move it away and finish again`,
  'brought-back': (note) =>
    `${counted(note.files, 'file')} brought back from ${note.dir} (${bytes(note.bytes)})`,
  'not-brought-back': (note) => `not brought back from ${note.dir}: ${reasons[note.reason]}`,
  'alt-dir-left': (note) => `what the job has in ${note.dir} is left there`,
  'alt-not-cleaned': (note) =>
    `recorded; what is left of the job in ${note.dir} could not be removed: ${note.message}`,
} satisfies Words<AltDirNote>

const unfit: Record<Extract<AltDirNote, { kind: 'alt-dir-unfit' }>['why'], string> = {
  missing: 'does not exist: make the directory first',
  'no-directory': 'is no directory',
  'not-writable': 'cannot be read and written by you',
  'in-dataset': 'lies in the dataset; an alternative directory stands outside',
  'holds-dataset': 'holds the dataset; an alternative directory stands beside it',
}

const reasons: Record<Extract<AltDirNote, { kind: 'not-brought-back' }>['reason'], string> = {
  'empty-directory': 'git holds no empty folders',
  repository: 'a repository of its own',
  socket: 'a socket',
  fifo: 'a FIFO',
  device: 'a device',
  unreadable: 'it cannot be read',
  'not-utf8': 'its name is not valid UTF-8',
  'broken-link': 'a link that leads nowhere, or to a folder it lies in',
  'foreign-link': "a link out of the directory, in another user's job",
}
