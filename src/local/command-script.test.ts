import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SubmitRequest } from '../contract/scheduler.ts'
import { commandScript } from './command-script.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'waybill-command-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\'"\\$`!*?~#;&|<> \t\n-='),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
})
const argument = text.filter((word) => !word.includes('\0'))

/** Runs what a request's script becomes as payload.sh does, in a shell that has these variables; gives what it prints. */
function becomes(
  request: Pick<SubmitRequest, 'words'> & Partial<SubmitRequest>,
  { umask = 0o022, key = 'job', shell = 'sh' } = {},
): string {
  const { PATH = '' } = process.env
  const whole = { env: { PATH }, name: 'w7', array: null, cwd: dir, stdinFile: null, ...request }
  writeFileSync(join(dir, 'command.sh'), commandScript(whole, umask))
  const line = 'exec 3<command.sh; set -- "$1"; . /dev/fd/3'
  return execFileSync(shell, ['-c', line, 'sh', key], { cwd: dir, env: { PATH }, input: '' }).toString()
}

describe('the command as a script', () => {
  test('runs several words exactly as they are', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 6 }), (words) => {
        const printed = becomes({ words: ['printf', '%s\\0', ...words] })
        expect(printed).toBe(words.map((word) => `${word}\0`).join(''))
      }),
      { numRuns: 60 },
    )
  })

  test('runs a single word as a line of shell', () => {
    expect(becomes({ words: ['printf "%s " 1 2 | tr 1 3; exit 0'] })).toBe('3 2 ')
  })

  test.each(['dash', 'bash'])('%s reads a file of shell itself', (shell) => {
    const file = join(dir, "it's a file")
    writeFileSync(file, 'printf "%s," "$@" "$A"; [ -e /proc/$$/fd/3 ] || echo closed; exit 0')
    const request = { words: [file, 'x y', ''], isShellFile: true, env: { PATH: '/usr/bin:/bin', A: 'b' } }
    expect(becomes(request, { shell })).toBe('x y,,b,closed\n')
  })

  test('starts in any directory, with the file mask given, and leaves no OLDPWD and no descriptor open', () => {
    const cwd = join(dir, '-a \'b\' "c" $d\n')
    mkdirSync(cwd)
    const line = 'pwd; umask; echo "${OLDPWD-none}"; [ ! -e /proc/$$/fd/3 ] && echo closed'
    expect(becomes({ words: [line], cwd }, { umask: 0o027 })).toBe(`${cwd}\n0027\nnone\nclosed\n`)
  })

  test('a program whose name begins with a dash is a program', () => {
    const bin = join(dir, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, '-x'), '#!/bin/sh\necho "got $1"\n', { mode: 0o755 })
    const env = { PATH: `${bin}:${process.env['PATH']}` }
    expect(becomes({ words: ['-x', '1'], env })).toBe('got 1\n')
  })

  test('reads its standard input from a file', () => {
    const stdinFile = join(dir, "it's in")
    writeFileSync(stdinFile, 'typed\n')
    expect(becomes({ words: ['cat'], stdinFile })).toBe('typed\n')
  })

  test.each(['dash', 'bash'])(
    '%s empties it before it becomes the command, unless other tasks need it',
    (shell) => {
      // More than a shell reads at once.
      const env = { PATH: '/usr/bin:/bin', LONG: 'x'.repeat(100_000) }
      const words = ['echo "${#LONG} $(wc -c <command.sh)"']
      expect(becomes({ words, env }, { shell })).toBe('100000 0\n')
      expect(becomes({ words, env, array: '0-1' }, { shell, key: '1' })).not.toMatch(/ 0$/m)
      expect(statSync(join(dir, 'command.sh')).size).toBeGreaterThan(100_000)
    },
  )
})

describe('the environment of the command', () => {
  const path = '/usr/bin:/bin'

  function environmentAfter(
    env: Readonly<Record<string, string>>,
    more: Partial<SubmitRequest> = {},
  ): ReadonlyMap<string, string> {
    const lines = becomes({ words: ['/usr/bin/env', '-0'], env, ...more }, { key: '5' })
      .split('\0')
      .slice(0, -1)
    return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  }

  test('keeps every value', () => {
    fc.assert(
      fc.property(argument, (value) => {
        expect(environmentAfter({ PATH: path, VALUE: value }).get('VALUE')).toBe(value)
      }),
      { numRuns: 40 },
    )
  })

  test('passes over what no shell can set, and what shells set themselves', () => {
    const env = {
      PATH: path,
      'BASH_FUNC_f%%': '() { :; }',
      'a-b': '1',
      OPTIND: 'x',
      UID: '5',
      IFS: 'P',
      GOOD: 'y',
    }
    const after = environmentAfter(env)
    expect(after.get('GOOD')).toBe('y')
    expect([...after.keys()].toSorted()).toEqual(['GOOD', 'PATH', 'PWD', 'WAYBILL_JOB'])
  })

  test('names the job and the task of an array, whatever job it was scheduled from', () => {
    const env = { PATH: path, WAYBILL_JOB: 'w1', WAYBILL_ARRAY_TASK_ID: '3' }
    const after = environmentAfter(env)
    expect(after.get('WAYBILL_JOB')).toBe('w7')
    expect(after.has('WAYBILL_ARRAY_TASK_ID')).toBe(false)
    expect(environmentAfter(env, { array: '5' }).get('WAYBILL_ARRAY_TASK_ID')).toBe('5')
  })

  test('has no PATH where there was none', () => {
    expect(environmentAfter({}).has('PATH')).toBe(false)
  })
})
