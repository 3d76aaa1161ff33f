import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchMarkers } from './watch.ts'

let folder: string
let told: string[]
let abort: AbortController

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-watch-'))
  told = []
  abort = new AbortController()
})

afterEach(() => {
  abort.abort()
  rmSync(folder, { recursive: true })
})

function mark(name: string): void {
  writeFileSync(join(folder, 'new'), '')
  renameSync(join(folder, 'new'), join(folder, 'markers', name))
}

/** Watches until aborted; gives a function that lets the time between two looks pass, and tells how long it was. */
function watch(): { readonly tick: () => Promise<number>; readonly over: Promise<void> } {
  let wake = (): void => {}
  let waits: number[] = []
  const sleep = async (seconds: number): Promise<void> => {
    waits.push(seconds)
    await new Promise<void>((resolve) => {
      wake = resolve
      abort.signal.addEventListener('abort', () => resolve())
    })
  }
  const over = watchMarkers(
    folder,
    (markers) => told.push(...markers.map(({ task, attempt, kind }) => `${task}.${attempt}.${kind}`)),
    { sleep, signal: abort.signal },
  )
  const tick = async (): Promise<number> => {
    waits = []
    wake()
    while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    return waits[0] ?? 0
  }
  return { tick, over }
}

test('what is there comes first, and what comes later is told at once and once', async () => {
  mkdirSync(join(folder, 'markers'))
  mark('0.0.start')
  const { tick, over } = watch()
  expect(told).toEqual(['0.0.start'])
  mark('0.0.end')
  mark('nothing')
  // No look in between: the system tells.
  while (told.length < 2) await new Promise((wake) => setTimeout(wake, 1))
  await tick()
  await tick()
  expect(told).toEqual(['0.0.start', '0.0.end'])
  abort.abort()
  await over
})

test('where the system tells nothing, looks find it, ever more seldom', async () => {
  // A folder that is made after the watch began cannot be watched.
  const { tick } = watch()
  const waits = [await tick(), await tick(), await tick()]
  expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  mkdirSync(join(folder, 'markers'))
  mark('5.1.end')
  expect(await tick()).toBe(1)
  expect(told).toEqual(['5.1.end'])
  for (let i = 0; i < 20; i++) await tick()
  expect(await tick()).toBe(30)
  mark('6.0.end')
  await tick()
  expect(told).toEqual(['5.1.end', '6.0.end'])
})
