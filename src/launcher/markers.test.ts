import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listMarkers, parseEnd, parseMarkerName, parseStart, readEnd } from './markers.ts'

const end = 'code 137\nstopped yes\nstarted 1795729713.398\nended 1795729713.449\n'
const start = 'host n1\npid 12\nstarted 1795729713.398\njob 4711\narray \n'

test('markers are read', () => {
  expect(parseEnd(end)).toEqual({
    code: 137,
    signal: 9,
    started: 1795729713.398,
    ended: 1795729713.449,
    stopped: true,
  })
  expect(parseStart(start)).toEqual({
    host: 'n1',
    pid: 12,
    started: 1795729713.398,
    job: '4711',
    array: null,
  })
  expect(parseMarkerName('99999.0.end')).toEqual({ task: 99_999, attempt: 0, kind: 'end' })
})

test('a code that no signal has is none', () => {
  expect(parseEnd(end.replace('137', '255'))).toMatchObject({ code: 255, signal: null })
  expect(parseEnd(end.replace('137', '256'))).toBeNull()
})

test('a `date` without fractions is one of whole seconds', () => {
  expect(parseEnd('code 0\nstarted 1795729713.%N\nended 1795729714.N\n')).toMatchObject({
    started: 1795729713,
    ended: 1795729714,
  })
})

test('what is torn or foreign is none, and never throws', () => {
  for (let length = 0; length < end.length; length++) expect(parseEnd(end.slice(0, length))).toBeNull()
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect([parseEnd(text), parseStart(text)]).toEqual([null, null])
    }),
  )
  for (const name of ['0.0.end~', '.0.0.end', '0.end', '-1.0.end', '.nfs0001', 'x'])
    expect(parseMarkerName(name)).toBeNull()
})

test('a folder that is not there has no markers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-markers-'))
  rmSync(folder, { recursive: true })
  expect(listMarkers(folder)).toEqual([])
  expect(readEnd(folder, 0, 0)).toBeNull()
})
