import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Context, Job } from '../../job/context.ts'
import { Wakes } from './wakes.ts'

let root: string
let folder: string
let time: number
let kept: unknown[]
let wakes: Wakes

// A clock that moves only when somebody sleeps.
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'waybill-wakes-'))
  folder = join(root, 'waybill/jobs/t1/payload')
  for (const name of ['markers', 'messages']) mkdirSync(join(folder, name), { recursive: true })
  time = 0
  kept = []
  const context = {
    dataset: { commonDir: root },
    now: () => time,
    sleep: async (seconds: number) => {
      time += seconds
      return new Promise((wake) => setImmediate(wake))
    },
    ledger: {
      unforced: (work: () => unknown) => work(),
      positionsOf: () => [],
      keepMessages: ({ events }: { readonly events: readonly unknown[] }) => kept.push(...events) > 0,
    },
  } as unknown as Context
  wakes = new Wakes(context)
})

afterEach(() => {
  wakes.close()
  rmSync(root, { recursive: true })
})

const job = { id: 1, token: 't1', spec: { parts: { kind: 'single' } } } as unknown as Job

async function wait(seconds: number): Promise<{ readonly woken: boolean; readonly said: number }> {
  let said = 0
  const woken = await wakes.wait(
    seconds,
    () => false,
    () => said++,
  )
  return { woken, said }
}

test('a marker that was there before anybody watched wakes at once, and only once', async () => {
  writeFileSync(join(folder, 'markers/0.0.end'), '')
  wakes.watch([job])
  expect(await wait(60)).toEqual({ woken: true, said: 0 })
  expect(time).toBe(0)
  expect((await wait(60)).woken).toBe(false)
})

test('a marker that inotify does not tell of wakes within seconds', async () => {
  wakes.watch([job])
  await wait(60)
  // The watch stays with the folder that is put away.
  renameSync(join(folder, 'markers'), join(folder, 'away'))
  mkdirSync(join(folder, 'markers'))
  writeFileSync(join(folder, 'markers/0.0.start'), '')
  expect((await wait(60)).woken).toBe(false)
  writeFileSync(join(folder, 'markers/0.0.end'), '')
  const before = time
  expect((await wait(60)).woken).toBe(true)
  expect(time - before).toBeLessThan(5)
})

test('messages are heard as they come, each once, and a line only when it is whole', async () => {
  wakes.watch([job])
  const file = join(folder, 'messages/0')
  writeFileSync(file, '{"log": "a"}\n{"log": "b"')
  expect((await wait(5)).said).toBe(1)
  expect(kept).toMatchObject([{ kind: 'log', message: 'a' }])
  appendFileSync(file, '}\n')
  expect((await wait(5)).said).toBe(1)
  expect(kept).toMatchObject([{ message: 'a' }, { message: 'b' }])
  expect((await wait(5)).said).toBe(0)
})

test('an array wakes when all its tasks have left a marker of their end', async () => {
  const array = { ...job, spec: { parts: { kind: 'array', indices: '0,2' } } } as unknown as Job
  writeFileSync(join(folder, 'markers/0.0.end'), '')
  wakes.watch([array])
  writeFileSync(join(folder, 'markers/0.1.end'), '')
  expect((await wait(20)).woken).toBe(false)
  writeFileSync(join(folder, 'markers/2.0.end'), '')
  expect((await wait(20)).woken).toBe(true)
})
