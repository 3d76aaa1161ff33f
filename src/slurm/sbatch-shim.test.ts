import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JobToken } from '../contract/ids.ts'
import { memberOf, readCalls } from './calls.ts'
import { sbatchOptions } from './sbatch-options.ts'
import { withShim } from './self-submission.ts'

let dir = ''
let folder = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sh im'\n-"))
  folder = join(dir, 'fol der')
  mkdirSync(folder)
  mkdirSync(join(dir, 'real'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

interface Seen {
  readonly args: readonly string[]
  readonly input: string
  readonly path: string
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
}

/** Runs `sbatch WORDS` with ours first on PATH and one behind it that notes what it gets and does what `body` says. */
function call(
  words: readonly string[],
  body = 'echo 7',
  input = '',
  more: Record<string, string> = {},
): Seen {
  const program = join(dir, 'real', 'sbatch')
  const note = `cd -- "$(dirname -- "$0")/.." || exit; printf '%s\\0' "$@" >args; cat >input; printf %s "$PATH" >path`
  writeFileSync(program, `#!/bin/bash --posix\n(${note})\n${body}\n`)
  chmodSync(program, 0o755)
  const env = withShim({
    token: 'abc' as JobToken,
    name: 'w1',
    words: [],
    cwd: dir,
    env: { PATH: `${join(dir, 'real')}:/usr/bin:/bin`, ...more },
    stdinFile: null,
    folder,
    array: null,
  })
  const ran = spawnSync('env', ['sbatch', ...words], { cwd: dir, env, input, encoding: 'utf8' })
  const read = (name: string): string =>
    existsSync(join(dir, name)) ? readFileSync(join(dir, name), 'utf8') : ''
  const { stdout, stderr, status } = ran
  return {
    args: read('args').split('\0').slice(0, -1),
    input: read('input'),
    path: read('path'),
    stdout,
    stderr,
    code: status,
  }
}

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text)
  return name
}

const ours = '--comment=waybill:abc'

test('odd words, output and exit code go through unchanged, and PATH is as it was', () => {
  write('-odd', '#!/bin/sh\n')
  const words = ['-J', 'a\nb ü', '--', '-odd', '', '*', '$x']
  const seen = call(words, 'echo "Submitted batch job 7 on cluster c"; echo careful >&2; exit 3')
  expect(seen).toEqual({
    args: [ours, ...words],
    input: '',
    path: `${join(dir, 'real')}:/usr/bin:/bin`,
    stdout: 'Submitted batch job 7 on cluster c\n',
    stderr: 'careful\n',
    code: 3,
  })
  expect(readCalls(folder)).toMatchObject([
    { exitCode: 3, printed: { id: '7', cluster: 'c' }, marked: true, line: { args: ['', '*', '$x'] } },
  ])
})

test("a group that sees the job's folder can read its calls, whatever the caller's umask, which the job has", () => {
  chmodSync(folder, 0o2770)
  const before = process.umask(0o077)
  const seen = call(['a', 'b'], 'umask >&2; echo 7')
  process.umask(before)
  expect(seen).toMatchObject({ stderr: '0077\n', code: 0 })
  const mode = (...names: readonly string[]): number =>
    statSync(join(folder, 'calls', ...names)).mode & 0o7777
  expect(mode()).toBe(0o2750)
  expect(mode('1') & 0o777).toBe(0o750)
  for (const name of ['words', 'environment', 'stdout', 'exit']) expect(mode('1', name), name).toBe(0o640)
  rmSync(join(folder, 'calls'), { recursive: true })
  chmodSync(folder, 0o700)
  call(['a'])
  expect(mode()).toBe(0o700)
})

test('what a call was told of its logs is known when the script is long gone', () => {
  write('a.sh', '#!/bin/sh\n#SBATCH --array=0-3%2 -e err/%A_%a\ntrue\n')
  call(['-J', 'mine', '--output=%x.log', 'a.sh'], 'rm -f a.sh; echo 7', '', { SBATCH_OUTPUT: 'other' })
  const [one] = readCalls(folder) ?? []
  expect(one?.printed && memberOf(one, one.printed)).toMatchObject({
    id: '7',
    array: '0-3',
    components: 1,
    stdout: `${dir}/%x.log`,
    stderr: `${dir}/err/%A_%a`,
    workDir: dir,
    jobName: 'mine',
  })
})

test('a script on standard input is handed on and kept; input that is none is left to others', () => {
  expect(call(['-n', '1', '--mem', '1G'], 'echo 7', '#!/bin/sh\ntrue\n')).toMatchObject({
    args: [ours, '-n', '1', '--mem', '1G'],
    input: '#!/bin/sh\ntrue\n',
  })
  write('a.sh', '#!/bin/sh\n')
  expect(call(['a.sh'], 'echo 8', 'a list that is read line by line').input).toBe(
    'a list that is read line by line',
  )
  expect(call(['--plugin-option', 'x', 'a.sh'], 'echo 9', 'left').input).toBe('left')
})

describe('a comment of their own stays the one that counts', () => {
  test.each([
    ['on the command line', ['--comment=theirs', 'a.sh'], '', [ours, '--comment=theirs', 'a.sh']],
    ['quoted in the script', ['a.sh'], '#SBATCH -n1 --comment="a b" # c', [ours, '--comment=a b', 'a.sh']],
    ['bare in the script', ['a.sh'], '#SBATCH --comment ab -n1', [ours, '--comment=ab', 'a.sh']],
    [
      'over one in the script',
      ['--comment', 'x', 'a.sh'],
      '#SBATCH --comment=ab',
      [ours, '--comment', 'x', 'a.sh'],
    ],
    ['written in a way we do not read', ['a.sh'], '#SBATCH --comment=a\\ b', ['a.sh']],
    ['twice in the script', ['a.sh'], '#SBATCH --comment=a\n#SBATCH --comment=b', ['a.sh']],
    [
      'in a part of a heterogeneous job',
      ['-n1', ':', '--comment=x', 'a.sh'],
      '',
      ['-n1', ':', '--comment=x', 'a.sh'],
    ],
    ['after the first command it is none', ['a.sh'], 'true\n#SBATCH --comment=a', [ours, 'a.sh']],
    ['abbreviated', ['--comm=x', 'a.sh'], '', ['--comm=x', 'a.sh']],
  ])('%s', (_, words, lines, expected) => {
    write('a.sh', `#!/bin/sh\n${lines}\n`)
    expect(call(words).args).toEqual(expected)
  })
})

test('every option of sbatch is known, with the words that belong to it', () => {
  write('a.sh', '#!/bin/sh\n')
  const known = sbatchOptions.filter(({ name }) => !['comment', 'wrap', 'chdir'].includes(name))
  const forms = known.flatMap(({ name, letter, arity }) =>
    [`--${name}`, ...(letter === null ? [] : [`-${letter}`])].map((form) =>
      arity === 'required' ? [form, 'value'] : [form],
    ),
  )
  // One that is taken for another kind makes of the next word a script that is not there.
  expect(call([...forms.flat(), 'a.sh']).args[0]).toBe(ours)
  expect(call([...forms.toReversed().flat(), 'a.sh']).args[0]).toBe(ours)
})

test('a call that cannot be noted is not made', () => {
  call(['a.sh'])
  rmSync(join(dir, 'args'))
  execFileSync('rm', ['-r', '--', join(folder, 'calls')])
  writeFileSync(join(folder, 'calls'), '')
  const env = { PATH: `${join(folder, 'bin')}:${join(dir, 'real')}:/usr/bin:/bin` }
  const ran = spawnSync('env', ['sbatch', 'a.sh'], { cwd: dir, env, encoding: 'utf8' })
  expect(ran.status).toBe(1)
  expect(ran.stderr).toContain('sbatch: waybill cannot note this submission')
  expect(existsSync(join(dir, 'args'))).toBe(false)
})

test('of a script that nobody can look at its call is known all the same', () => {
  call(['x'.repeat(300)], 'echo 7')
  expect(readCalls(folder)).toMatchObject([{ printed: { id: '7' }, exitCode: 0 }])
})

test('calls at once get a folder each', async () => {
  write('a.sh', '#!/bin/sh\n')
  call(['a.sh'], 'echo $$')
  const env = { PATH: `${join(folder, 'bin')}:${join(dir, 'real')}:/usr/bin:/bin` }
  const loop = 'for n in 1 2 3 4 5 6 7 8; do sbatch a.sh & done; wait'
  const ran = spawnSync('sh', ['-c', loop], { cwd: dir, env, encoding: 'utf8' })
  const printed = ran.stdout.trim().split('\n').toSorted()
  const noted = readCalls(folder)
    ?.slice(1)
    .map((one) => String(one.printed?.id))
  expect(noted?.toSorted()).toEqual(printed)
  expect(new Set(noted).size).toBe(8)
})

test('an id that nobody reads is noted all the same', () => {
  write('a.sh', '#!/bin/sh\n')
  call(['a.sh'])
  const env = { PATH: `${join(folder, 'bin')}:${join(dir, 'real')}:/usr/bin:/bin` }
  const unread = 'mkfifo p; : <p & exec >p; wait; sbatch a.sh'
  expect(spawnSync('sh', ['-c', unread], { cwd: dir, env }).status).toBe(0)
  expect(readCalls(folder)?.[1]).toMatchObject({ printed: { id: '7' }, exitCode: 0 })
})
