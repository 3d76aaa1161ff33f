import { expect, test } from 'vitest'
import { readSbatch } from './sbatch-line.ts'
import type { SbatchLine } from './sbatch-line.ts'

const script = `#!/bin/sh
#SBATCH -J "na me" -o 'o u.txt' --comment="in script"
  # comment

#SBATCH --array=1-3 # trailing
#SBATCH	-e x#y
#SBATCH--qos=foo
echo hi
#SBATCH --partition=late
`
const het = `#!/bin/sh
#SBATCH -n2 -o one -D sub
#SBATCH HetJob --comment=B
#SBATCH -n3 -J sec
#SBATCH packjob
#SBATCH -n4 -o three
echo
`
const files: Readonly<Record<string, string>> = {
  '/w/a.sh': script,
  '/w/het.sh': het,
  '/w/ok.sh': '#!/bin/sh\n:\n',
  '/w/sub/in.sh': '#!/bin/sh\n',
  '/bin/onpath.sh': '#!/bin/sh\n#SBATCH -J inpath\n',
  '/w/-weird.sh': '#!/bin/sh\n',
  '/w/pbs.sh':
    '#!/bin/sh\n#SBATCH -N 2 -J mine -e e\n#PBS -j oe -N foo -t 1-4 -V -l nodes=2\n#PBS -o po\n:\n',
  '/w/bsub.sh': '#!/bin/sh\n#PBS -N pbsname -o pbsout -e pe\n#BSUB -J bj\n:\n',
  '/w/com.sh': '#!/bin/sh\n#SBATCH --comment=theirs\n',
}

function read(
  line: string,
  env: Readonly<Record<string, string>> = {},
  stdin: string | null = null,
): SbatchLine {
  return readSbatch(line.split(' '), {
    cwd: '/w',
    env: { PATH: '/usr/bin:/bin', ...env },
    readFile: (path) => files[path] ?? null,
    stdin,
  })
}

test('reads directives up to the first command, with quotes and comments', () => {
  const { components, script: from } = read('sbatch a.sh --version')
  expect(components).toMatchObject([
    {
      jobName: 'na me',
      output: 'o u.txt',
      error: 'x',
      array: '1-3',
      qos: 'foo',
      partition: null,
      comment: { text: 'in script', source: 'script' },
    },
  ])
  expect(from).toMatchObject({ kind: 'file', path: '/w/a.sh' })
})

test('what follows the script is its own', () => {
  expect(read('sbatch a.sh --version : -x')).toMatchObject({
    args: ['--version', ':', '-x'],
    submitsNothing: false,
    components: [{}],
  })
})

test('the command wins over the environment, and that over the script', () => {
  const env = { SBATCH_OUTPUT: 'envout', SBATCH_JOB_NAME: 'envname', SBATCH_ARRAY_INX: '' }
  expect(read('sbatch --job-n=abc -Jxyz -o=eq a.sh', env).components[0]).toMatchObject({
    jobName: 'xyz',
    output: '=eq',
    array: '',
  })
  expect(read('sbatch a.sh', env).components[0]).toMatchObject({ output: 'envout', jobName: 'envname' })
})

test.each([
  ['sbatch -sv -W ok.sh', {}, true],
  ['sbatch ok.sh', { SBATCH_WAIT: '' }, true],
  ['sbatch ok.sh', { SBATCH_WAIT: 'no' }, false],
  ['sbatch ok.sh', { SBATCH_WAIT: '0' }, false],
  ['sbatch --wait-all-nodes 1 ok.sh', {}, false],
])('%s %j waits: %s', (line, env, wait) => {
  expect(read(line, env).wait).toBe(wait)
})

test.each([
  ['sbatch -k -s --exclusive --nice --propagate ok.sh 1', '/w/ok.sh', ['1']],
  ['sbatch -D sub in.sh', '/w/sub/in.sh', []],
  ['sbatch -D sub ok.sh', '/w/ok.sh', []],
  ['sbatch ./nowhere.sh', '/w/nowhere.sh', []],
  ['sbatch onpath.sh', '/bin/onpath.sh', []],
  ['sbatch -- -weird.sh -a', '/w/-weird.sh', ['-a']],
  ['sbatch --site-plugin=x ok.sh', '/w/ok.sh', []],
  ['sbatch --site-plugin x ok.sh y', '/w/ok.sh', ['y']],
  ['sbatch --site-flag ok.sh y', '/w/ok.sh', ['y']],
  ['sbatch --site-flag -n 2 ok.sh', '/w/ok.sh', []],
  ['/usr/bin/sbatch --tres-per-task cpu=2 ok.sh', '/w/ok.sh', []],
])('%s runs %s', (line, path, args) => {
  expect(read(line)).toMatchObject({ script: { kind: 'file', path }, args })
})

test('names options that sbatch does not have', () => {
  expect(read('sbatch --site-plugin=x -Z ok.sh').unknown).toEqual(['--site-plugin=x', '-Z'])
  expect(read('sbatch --exc ok.sh').unknown).toEqual(['--exc'])
  expect(read('sbatch --cluster far --job-n n ok.sh')).toMatchObject({ unknown: [], clusters: ['far'] })
})

test('a wrapped command and a typed script are no files', () => {
  expect(
    readSbatch(['sbatch', '--wrap', 'echo hi'], { cwd: '/w', env: {}, readFile: () => null }),
  ).toMatchObject({
    script: { kind: 'wrap', command: 'echo hi' },
    components: [{ jobName: 'wrap' }],
  })
  expect(read('sbatch -n 1', {}, '#!/bin/sh\n#SBATCH -a 0-4\n')).toMatchObject({
    script: { kind: 'stdin' },
    components: [{ jobName: 'sbatch', array: '0-4' }],
  })
})

test.each(['--test-only', '--help', '-h', '--usage', '--version', '-V'])('%s submits nothing', (word) => {
  expect(read(`sbatch ${word} ok.sh`).submitsNothing).toBe(true)
})

test('components take over what the one before said; the separating line says nothing else', () => {
  expect(read('sbatch het.sh').components).toMatchObject([
    { chdir: '/w/sub', output: 'one', comment: null, jobName: 'het.sh' },
    { chdir: '/w/sub', output: 'one', comment: null, jobName: 'sec' },
    { chdir: '/w/sub', output: 'three', jobName: 'sec' },
  ])
  const line = read('sbatch --comment=X -n7 -d afterok:1 : --comment=Y -n8 het.sh')
  expect(line.components.map((each) => [each.comment?.text, each.dependency])).toEqual([
    ['X', 'afterok:1'],
    ['Y', 'afterok:1'],
    ['Y', 'afterok:1'],
  ])
})

test('a comment is said again only where ours would hide it', () => {
  expect(read('sbatch com.sh').commentToRestate).toBe('theirs')
  expect(read('sbatch --comment=c com.sh').commentToRestate).toBeNull()
  expect(read('sbatch -n1 : --comment=c ok.sh').commentToRestate).toBe('c')
  expect(read('sbatch ok.sh').commentToRestate).toBeNull()
})

test('heeds the directives of LSF, or else of PBS', () => {
  expect(read('sbatch pbs.sh').components[0]).toMatchObject({
    jobName: 'foo',
    array: '1-4',
    output: 'po',
    error: 'e',
  })
  expect(read('sbatch --ignore-pbs pbs.sh').components[0]).toMatchObject({ jobName: 'mine', array: null })
  expect(read('sbatch bsub.sh').components[0]).toMatchObject({ jobName: 'bj', output: null })
})

test.each([
  ['append', 'append'],
  ['a', 'append'],
  ['truncate', 'truncate'],
])('open mode %s', (given, mode) => {
  expect(read(`sbatch --open-mode=${given} ok.sh`).components[0].openMode).toBe(mode)
})

test('requeue: the last word counts', () => {
  expect(read('sbatch --requeue --no-requeue ok.sh').components[0].requeue).toBe(false)
  expect(read('sbatch ok.sh', { SBATCH_REQUEUE: '1' }).components[0].requeue).toBe(true)
})
