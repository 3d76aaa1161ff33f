import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemWords } from './system-words.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-words-'))
  writeFileSync(join(folder, 'file'), '')
  symlinkSync('loop', join(folder, 'loop'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function errorOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('it should have failed')
}

test.each<[code: string, name: string, work: (path: string) => unknown]>([
  ['ENOTDIR', 'file/x', readFileSync],
  ['EISDIR', '.', readFileSync],
  ['ELOOP', 'loop', readFileSync],
  ['ENAMETOOLONG', 'x'.repeat(300), readFileSync],
  ['ENOENT', 'none', readFileSync],
  ['EEXIST', 'file', (path) => mkdirSync(path)],
  ['ENOSPC', '/dev/full', (path) => writeFileSync(path, 'x')],
])('%s is told with its path', (code, name, work) => {
  const path = name.startsWith('/') ? name : join(folder, name)
  const words = systemWords(errorOf(() => work(path)))
  expect(words).toContain(code)
  // A write knows only its descriptor.
  if (code !== 'ENOSPC' && code !== 'EISDIR') expect(words).toContain(`${path}: `)
  expect(words).toMatch(/; .+/)
})

test('a name in it cannot steer the terminal', () => {
  const words = systemWords(errorOf(() => readFileSync(join(folder, 'a\u001b[2J\nb'))))
  expect(words).toContain('a\\x1b[2J\\x0ab')
})

test('a user id without an account is told', () => {
  // Thrown by os.userInfo(), with a code that is no errno.
  const error = Object.assign(new Error('x'), { code: 'ERR_SYSTEM_ERROR', syscall: 'uv_os_get_passwd' })
  expect(systemWords(error)).toContain('no account of your user id')
})

test.each([
  ['a bug', () => (undefined as unknown as { x: number }).x],
  ['a wrong argument', () => readFileSync('a\0b')],
  ['a closed descriptor', () => readFileSync(99_999)],
])('%s has no words', (_, work) => {
  expect(systemWords(errorOf(work))).toBeNull()
})
