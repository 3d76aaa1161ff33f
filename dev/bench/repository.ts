import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempt } from '../setup/command.ts'
import { succeed } from './measure.ts'

const perFolder = 1_000

const attributes = '* annex.largefiles=((mimeencoding=binary)and(largerthan=0))\n'

/** Writes four small files, one of them binary, into the folder it is told. */
const jobScript = `#!/bin/sh
mkdir -p "$1"
for i in 1 2 3; do echo "$1 $i" >"$1/$i.txt"; done
head -c 2000 /dev/urandom >"$1/4.bin"
`

/** Writes one file for its task of an array. */
const taskScript = '#!/bin/sh\necho "$SLURM_ARRAY_TASK_ID" >"out/$SLURM_ARRAY_TASK_ID.txt"\n'

/** Makes as many files as it is told below out/, 1,000 a folder, every other one binary. */
const manyScript = `#!/bin/sh
i=0
while [ "$i" -lt "$1" ]; do
  folder=out/$((i / 1000))
  [ $((i % 1000)) = 0 ] && mkdir -p "$folder"
  echo "text $i" >"$folder/$i.txt"
  printf '\\000\\377 %s' "$i" >"$folder/$((i + 1)).bin"
  i=$((i + 2))
done
`

/** A name of one of the small files that a repository is full of. */
export const someInput = 'data/0/7.txt'

/**
 * Makes a git-annex repository with text2git's rule, so many small files (1,000 a folder, in git) and one that is annexed.
 * By plumbing: a million files in a minute.
 */
export function makeRepository(folder: string, env: NodeJS.ProcessEnv, files: number): string {
  mkdirSync(folder, { recursive: true })
  const place = { cwd: folder, env }
  const git = (...args: readonly string[]): string => succeed(['git', ...args], place)
  git('init', '-q', '-b', 'main')
  git('config', 'user.name', 'Bench')
  git('config', 'user.email', 'bench@example.org')
  git('config', 'commit.gpgsign', 'false')
  // Both sides let git pack in the background now and then: it would meet whoever is measured next.
  git('config', 'gc.auto', '0')
  succeed(['git', 'fast-import', '--quiet', '--done'], place, importStream(files))
  // Before git-annex is there: its filter would look at each of the files.
  git('read-tree', '-m', '-u', 'HEAD')
  git('annex', 'init', '-q', 'bench')
  // git-annex looks through the repository when it first adds something: not while it is measured.
  writeFileSync(join(folder, 'known.bin'), Buffer.from([0, 255, 0, 254]))
  git('annex', 'add', '-q', 'known.bin')
  git('commit', '-q', '-m', 'Something annexed')
  git('status', '--porcelain')
  return folder
}

function importStream(files: number): string {
  const file = (path: string, mode: string, text: string): string =>
    `M ${mode} inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`
  const parts = [
    'commit refs/heads/main\ncommitter Bench <bench@example.org> 1700000000 +0000\ndata 5\nstart\n',
  ]
  parts.push(
    file('.gitattributes', '100644', attributes),
    file('job.sh', '100755', jobScript),
    file('task.sh', '100755', taskScript),
    file('many.sh', '100755', manyScript),
  )
  for (let i = 0; i < files; i++)
    parts.push(file(`data/${Math.floor(i / perFolder)}/${i}.txt`, '100644', `${i}\n`))
  parts.push('done\n')
  return parts.join('')
}

/** Removes folders, also git-annex's write-protected ones. */
export function removeFolders(...folders: readonly string[]): void {
  if (process.getuid?.() !== 0) attempt('chmod', ['-R', 'u+w', ...folders])
  attempt('rm', ['-rf', ...folders])
}
