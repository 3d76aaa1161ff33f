import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeAside } from './aside.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-aside-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Twelve times a megabyte, each of other bytes; a few bytes between them. */
const pieces = Array.from({ length: 24 }, (_, i) => Buffer.alloc(i % 2 === 0 ? 1_048_576 : 7, i))

test('what was put aside comes back, out of memory or a file, as often as it is asked for', () => {
  const aside = makeAside(join(folder, 'waybill', 'aside-1'))
  const kept = pieces.map(aside.keep)
  for (const _ of [1, 2]) expect(kept.every((one, i) => one().equals(pieces[i] ?? Buffer.of()))).toBe(true)
  // The file has no name: after a kill there is nothing to clear away.
  expect(readdirSync(folder, { recursive: true })).toEqual(['waybill'])
  aside.close()
  expect(kept.at(-2)).toThrow(/EBADF|bad file/i)
})

test('a little makes no file, and where none can be made memory has to do', () => {
  const little = makeAside(join(folder, 'waybill', 'aside-1'))
  expect(little.keep(Buffer.from('text'))().toString()).toBe('text')
  little.close()
  expect(readdirSync(folder)).toEqual([])
  writeFileSync(join(folder, 'waybill'), 'in the way')
  const aside = makeAside(join(folder, 'waybill', 'aside-2'))
  const kept = pieces.map(aside.keep)
  expect(kept.every((one, i) => one().equals(pieces[i] ?? Buffer.of()))).toBe(true)
  aside.close()
})
