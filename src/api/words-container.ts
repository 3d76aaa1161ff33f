import type { ContainerNote } from '../job/note.ts'
import type { Words } from './word-table.ts'

/** Words for what there is to say of containers. */
export const containerWords = {
  'no-such-container': ({ name, known }) =>
    known.length === 0
      ? `there is no container ${name}: none is registered here; \`datalad containers-add\` registers one`
      : `there is no container ${name}; registered are ${known.join(', ')}. \`datalad containers-list\` shows them`,
  'container-not-installed': ({ name, submodule }) =>
    `container ${name} is registered in the subdataset ${submodule}, which is not checked out: \`datalad get -n ${submodule}\` or \`git submodule update --init ${submodule}\``,
  'container-outside': ({ name, image }) =>
    `the image of container ${name} lies outside the dataset (${image}); mend datalad.containers.${name}.image`,
  'container-old-format': ({ name, format }) =>
    `the call format of container ${name} is in an old form (${format}); write datalad.containers.${name}.cmdexec as one plain line`,
  'container-needs-script': ({ why }) => needs[why],
  'script-changed': () =>
    'it has changed since submission, and a job in a container reads its script when it starts: the record holds the text of submission, which may not be what ran',
} satisfies Words<ContainerNote>

const needs = {
  stdin: 'a script from standard input cannot run in a container: put it into a file',
  components: 'a heterogeneous job cannot run in a container: its components would need one each',
  'no-sbatch':
    'only the script of an sbatch command can be put into a container, not a command that calls sbatch itself',
} as const
