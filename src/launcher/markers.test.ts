import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  endedTask,
  listMarkers,
  markersFolder,
  parseEnd,
  parseMarkerName,
  parseStart,
  readEnd,
  readStart,
} from './markers.ts'

const end = 'code 137\nstopped yes\n'
const start = 'host n1\npid 12\njob 4711\narray \n'
const times = { started: 1795729713.398, ended: 1795729713.449 }

test('markers are read', () => {
  expect(parseEnd(end, times)).toEqual({
    code: 137,
    signal: 9,
    ...times,
    stopped: true,
  })
  expect(parseStart(start, times.started)).toEqual({
    host: 'n1',
    pid: 12,
    started: 1795729713.398,
    job: '4711',
    array: null,
  })
  expect(parseMarkerName('99999.0.end')).toEqual({ task: 99_999, attempt: 0, kind: 'end' })
  expect(['7.0.end', '7.0.2.end', '7.0.start', 'x.end'].map(endedTask)).toEqual([7, 7, null, null])
})

test('a code that no signal has is none', () => {
  expect(parseEnd(end.replace('137', '255'), times)).toMatchObject({ code: 255, signal: null })
  expect(parseEnd(end.replace('137', '256'), times)).toBeNull()
})

test('what is torn or foreign is none, and never throws', () => {
  for (let length = 0; length < end.length; length++) expect(parseEnd(end.slice(0, length), times)).toBeNull()
  for (let length = 0; length < start.length; length++)
    expect(parseStart(start.slice(0, length), 1)).toBeNull()
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect([parseEnd(text, times), parseStart(text, 1)]).toEqual([null, null])
    }),
  )
  for (const name of ['0.0.end~', '.0.0.end', '0.end', '-1.0.end', '.nfs0001', 'x'])
    expect(parseMarkerName(name)).toBeNull()
})

test('a torn marker is none as long as it is torn, and is read again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-markers-'))
  const [began, ended] = ['0.0.start', '0.0.end'].map((name) => join(markersFolder(folder), name))
  mkdirSync(markersFolder(folder))
  try {
    for (let length = 0; length < start.length; length++) {
      writeFileSync(began ?? '', start.slice(0, length))
      expect(readStart(folder, 0, 0)).toBeNull()
    }
    writeFileSync(began ?? '', start)
    expect(readStart(folder, 0, 0)).toMatchObject({ host: 'n1', job: '4711' })
    for (let length = 0; length < end.length; length++) {
      writeFileSync(ended ?? '', end.slice(0, length))
      expect(readEnd(folder, 0, 0)).toBeNull()
    }
    writeFileSync(ended ?? '', end)
    expect(readEnd(folder, 0, 0)).toMatchObject({ code: 137, stopped: true })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a folder that is not there has no markers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-markers-'))
  rmSync(folder, { recursive: true })
  expect(listMarkers(folder)).toEqual([])
  expect(readEnd(folder, 0, 0)).toBeNull()
})
