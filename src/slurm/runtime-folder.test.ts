import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runtimeFolder } from './runtime-folder.ts'

const { uid } = userInfo()
let tmpDir = ''
let runtimeDir = ''
beforeEach(() => {
  tmpDir = mkdtempSync(join(tmpdir(), 'runtime '))
  runtimeDir = join(tmpDir, 'run')
  mkdirSync(runtimeDir, { mode: 0o700 })
})
afterEach(() => {
  rmSync(tmpDir, { recursive: true, force: true })
})

const inTmp = (): string => join(tmpDir, `waybill-${uid}`)

test('it lies in the runtime directory, and is closed to others', () => {
  const folder = runtimeFolder({ runtimeDir, tmpDir, uid })
  expect(folder).toBe(join(runtimeDir, 'waybill'))
  expect(statSync(folder ?? '').mode & 0o777).toBe(0o700)
  expect(runtimeFolder({ runtimeDir, tmpDir, uid })).toBe(folder)
})

test('a runtime directory that others may enter, that is not ours, or not there, is not used', () => {
  expect(runtimeFolder({ runtimeDir: undefined, tmpDir, uid })).toBe(inTmp())
  expect(runtimeFolder({ runtimeDir: join(tmpDir, 'none'), tmpDir, uid })).toBe(inTmp())
  expect(runtimeFolder({ runtimeDir: 'run', tmpDir, uid })).toBe(inTmp())
  chmodSync(runtimeDir, 0o750)
  expect(runtimeFolder({ runtimeDir, tmpDir, uid })).toBe(inTmp())
  chmodSync(runtimeDir, 0o700)
  expect(runtimeFolder({ runtimeDir, tmpDir, uid: uid + 1 })).toBeNull()
})

test.each([
  ['a link', () => symlinkSync(runtimeDir, inTmp())],
  ['a file', () => writeFileSync(inTmp(), '', { mode: 0o600 })],
  ['open to the group', () => mkdirSync(inTmp(), { mode: 0o710 })],
])('where the folder for temporary files has %s in its place, nothing is shared', (_, make) => {
  make()
  expect(runtimeFolder({ runtimeDir: undefined, tmpDir, uid })).toBeNull()
})

test('where no folder can be made, nothing is shared', () => {
  expect(runtimeFolder({ runtimeDir: undefined, tmpDir: join(tmpDir, 'none'), uid })).toBeNull()
})
