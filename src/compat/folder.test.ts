import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compatFolder, layOut, type Layout } from './folder.ts'

const text = Buffer.from('#!/bin/sh\necho ours\n')

let dir = ''
let layout: Layout
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'compat '))
  mkdirSync(join(dir, 'tmp'))
  const uid = process.getuid?.()
  layout = { text, program: '/opt/wb/waybill', cache: join(dir, 'cache'), uid, temporary: join(dir, 'tmp') }
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** That a folder holds what it should and nothing else, and only its owner can change it. */
function expectWhole(folder: string): void {
  expect(readdirSync(folder).toSorted()).toEqual(['datalad', 'waybill'])
  expect(readFileSync(join(folder, 'datalad'))).toEqual(text)
  expect(readlinkSync(join(folder, 'waybill'))).toBe('/opt/wb/waybill')
  for (const path of [folder, join(folder, 'datalad')]) expect(statSync(path).mode & 0o777).toBe(0o700)
}

/** That nothing was put into the cache, and a private temporary folder stands in. */
function expectTemporary(folder: string): void {
  expect(dirname(folder)).toBe(layout.temporary)
  expectWhole(folder)
}

test('as installed, it is the folder of the stand-in', () => {
  expect(existsSync(join(compatFolder({}), 'datalad.sh'))).toBe(true)
})

test('it is made in the cache once, for its owner alone, whatever the umask', () => {
  const before = process.umask(0)
  const folder = layOut(layout)
  process.umask(before)
  expect(dirname(folder)).toBe(join(dir, 'cache/waybill'))
  expectWhole(folder)
  expect(statSync(dirname(folder)).mode & 0o777).toBe(0o700)
  const made = statSync(join(folder, 'datalad')).ino
  expect(layOut(layout)).toBe(folder)
  expect(statSync(join(folder, 'datalad')).ino).toBe(made)
  expect(readdirSync(join(dir, 'tmp'))).toEqual([])
})

test('another version, or the command elsewhere, has another folder', () => {
  const all = [
    layOut(layout),
    layOut({ ...layout, text: Buffer.from('#!/bin/sh\n') }),
    layOut({ ...layout, program: '/elsewhere/waybill' }),
  ]
  expect(new Set(all).size).toBe(3)
})

test.each([
  ['changed', (file: string) => writeFileSync(file, '#!/bin/sh\necho theirs\n')],
  ['cut short', (file: string) => writeFileSync(file, text.subarray(0, 5))],
  ['gone', (file: string) => rmSync(file)],
  ['not executable', (file: string) => chmodSync(file, 0o600)],
  ['writable by others', (file: string) => chmodSync(file, 0o722)],
  [
    'a link',
    (file: string) => {
      rmSync(file)
      symlinkSync('/bin/true', file)
    },
  ],
])('a stand-in that is %s is written again', (_, damage) => {
  const folder = layOut(layout)
  damage(join(folder, 'datalad'))
  expect(layOut(layout)).toBe(folder)
  expectWhole(folder)
})

test('a link that leads elsewhere is made again', () => {
  const folder = layOut(layout)
  rmSync(join(folder, 'waybill'))
  symlinkSync('/bin/true', join(folder, 'waybill'))
  expect(layOut(layout)).toBe(folder)
  expectWhole(folder)
})

test.each([
  ['its group can write into the folder', 'folder', 0o770],
  ['anybody can', 'folder', 0o702],
  ['its group can write into the one above', 'above', 0o770],
])('where %s, it is not used', (_, which, mode) => {
  const folder = layOut(layout)
  writeFileSync(join(folder, 'datalad'), 'theirs')
  chmodSync(which === 'folder' ? folder : dirname(folder), mode)
  expectTemporary(layOut(layout))
  expect(readFileSync(join(folder, 'datalad'), 'utf8')).toBe('theirs')
})

test("another user's folder is not used", () => {
  const folder = layOut(layout)
  writeFileSync(join(folder, 'datalad'), 'theirs')
  expectTemporary(layOut({ ...layout, uid: (layout.uid ?? 0) + 1 }))
  expect(readFileSync(join(folder, 'datalad'), 'utf8')).toBe('theirs')
})

test('where no folder can be made, each call has a temporary one of its own', () => {
  writeFileSync(join(dir, 'cache'), 'a file')
  const [one, two] = [layOut(layout), layOut(layout)]
  expectTemporary(one)
  expectTemporary(two)
  expect(one).not.toBe(two)
})

test('several at once leave one whole folder', async () => {
  const module = JSON.stringify(new URL('folder.ts', import.meta.url).href)
  const script = `
    const { layOut } = await import(${module})
    const { chmodSync, readFileSync } = await import('node:fs')
    const layout = JSON.parse(process.env.LAYOUT)
    for (let i = 0; i < 200; i++) {
      const folder = layOut({ ...layout, text: Buffer.from(layout.text) })
      if (readFileSync(folder + '/datalad', 'utf8') !== ${JSON.stringify(text.toString())}) process.exit(1)
      if (i % 3 === 0) chmodSync(folder + '/datalad', 0o600)
    }`
  const env = { ...process.env, LAYOUT: JSON.stringify({ ...layout, text: text.toString() }) }
  const codes = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'inherit' })
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    }),
  )
  expect(codes).toEqual([0, 0, 0])
  const folder = layOut(layout)
  expect(readdirSync(join(dir, 'cache/waybill'))).toEqual([basename(folder)])
  expectWhole(folder)
})
