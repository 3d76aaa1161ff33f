import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commandScript, environmentScript } from './command-script.ts'

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

function sh(
  script: string,
  env: Readonly<Record<string, string>> = { PATH: process.env['PATH'] ?? '' },
): string {
  const path = join(dir, 'command.sh')
  writeFileSync(path, script)
  return execFileSync('sh', [path], { env, input: '' }).toString()
}

describe('the command as a script', () => {
  test('runs several words exactly as they are', () => {
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 6 }), (words) => {
        const printed = sh(
          commandScript({ words: ['printf', '%s\\0', ...words], cwd: dir, stdinFile: null }, 0o022),
        )
        expect(printed).toBe(words.map((word) => `${word}\0`).join(''))
      }),
      { numRuns: 60 },
    )
  })

  test('runs a single word as a line of shell', () => {
    const words = ['printf "%s " 1 2 | tr 1 3; exit 0']
    expect(sh(commandScript({ words, cwd: dir, stdinFile: null }, 0o022))).toBe('3 2 ')
  })

  test('starts in any directory, with the file mask given, and leaves no OLDPWD', () => {
    const cwd = join(dir, '-a \'b\' "c" $d\n')
    mkdirSync(cwd)
    const script = commandScript(
      { words: ['pwd; umask; echo "${OLDPWD-none}"'], cwd, stdinFile: null },
      0o027,
    )
    expect(sh(script)).toBe(`${cwd}\n0027\nnone\n`)
  })

  test('a program whose name begins with a dash is a program', () => {
    const bin = join(dir, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, '-x'), '#!/bin/sh\necho "got $1"\n', { mode: 0o755 })
    const script = commandScript({ words: ['-x', '1'], cwd: dir, stdinFile: null }, 0o022)
    expect(sh(script, { PATH: `${bin}:${process.env['PATH']}` })).toBe('got 1\n')
  })

  test('reads its standard input from a file', () => {
    const stdinFile = join(dir, "it's in")
    writeFileSync(stdinFile, 'typed\n')
    expect(sh(commandScript({ words: ['cat'], cwd: dir, stdinFile }, 0o022))).toBe('typed\n')
  })
})

describe('the environment as a script', () => {
  const path = join('/usr/bin:/bin')

  function environmentAfter(env: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
    writeFileSync(join(dir, 'environment.sh'), environmentScript({ env, name: 'w7' }))
    const out = join(dir, 'environment')
    execFileSync('sh', ['-c', `eval "$(cat environment.sh)"; exec /usr/bin/env -0 >'${out}'`], {
      cwd: dir,
      env: { PATH: path },
    })
    const lines = readFileSync(out, 'utf8').split('\0').slice(0, -1)
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

  test('names the job, whatever job it was scheduled from', () => {
    const env = { PATH: path, WAYBILL_JOB: 'w1', WAYBILL_ARRAY_TASK_ID: '3' }
    const after = environmentAfter(env)
    expect(after.get('WAYBILL_JOB')).toBe('w7')
    expect(after.has('WAYBILL_ARRAY_TASK_ID')).toBe(false)
  })

  test('leaves PATH unset where it was', () => {
    expect(environmentScript({ env: {}, name: 'w1' })).toContain('unset PATH\n')
  })
})
