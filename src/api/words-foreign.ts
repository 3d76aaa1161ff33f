import type { ForeignNote } from '../job/note.ts'
import { counted } from './quantities.ts'
import type { Words } from './word-table.ts'

/** Words for what there is to say of datalad-slurm's own jobs. */
export const foreignWords = {
  'foreign-unreadable': ({ file, detail, busy }) =>
    busy
      ? `the database of datalad-slurm ${file} is locked by another process, so nobody knows which outputs its open jobs have; try again when that has ended`
      : `the database of datalad-slurm ${file} cannot be read (${detail}), so nobody knows which outputs its open jobs have. \`datalad slurm-finish -l\` shows them; if datalad-slurm is not used here any more, move that file away`,
  'foreign-conflict': ({ wanted, reserved, job }) =>
    `output ${wanted} conflicts with ${reserved} of job ${job} of datalad-slurm, which is open; finish it with \`datalad slurm-finish\`, or choose another output`,
  'foreign-open': ({ jobs }) =>
    `${counted(jobs.length, 'open job')} of datalad-slurm: ${jobs.join(', ')}; finish ${jobs.length === 1 ? 'it' : 'them'} with \`datalad slurm-finish\``,
} satisfies Words<ForeignNote>
