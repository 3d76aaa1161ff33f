import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobId, JobToken } from '../contract/ids.ts'
import { Ledger } from './ledger.ts'
import type { ReadMessages } from './messages.ts'
import { migrations } from './schema.ts'

type TestLedger = Ledger<string, string, string>

let folder: string
let ledger: TestLedger
let job: JobId

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-messages-'))
  ledger = open()
  job = intend('t1')
})

afterEach(() => {
  ledger.close()
  rmSync(folder, { recursive: true })
})

function open(): TestLedger {
  return new Ledger({ folder: join(folder, 'waybill'), shared: null })
}

function intend(token: string): JobId {
  const base = { scheduler: 'slurm', createdAt: 1, user: 'u', worktree: '/w', branch: 'b' } as const
  const made = ledger.intend(
    { ...base, token: token as JobToken, submitter: null, replaces: null, run: null, spec: 's' },
    [],
  )
  if ('conflict' in made) throw new Error('conflict')
  return made.id
}

function read(from: number | null, to: number, events: readonly unknown[], task = 0): ReadMessages {
  const position = (offset: number | null): unknown => (offset === null ? null : { offset })
  return { job, task, file: 'messages', from: position(from), to: position(to), at: to, events }
}

const eventsOf = (of = job): readonly unknown[] => ledger.messagesOf(of, 0, 99).map(({ event }) => event)

test('messages are kept with how far they were read, and told from any of them on', () => {
  expect(ledger.positionsOf(job)).toEqual([])
  expect(ledger.keepMessages(read(null, 10, ['a', { b: 1 }]))).toBe(true)
  expect(ledger.keepMessages(read(null, 5, ['other task'], 7))).toBe(true)
  expect(ledger.keepMessages(read(10, 20, ['c']))).toBe(true)
  expect(ledger.positionsOf(job)).toEqual([
    { task: 0, file: 'messages', position: { offset: 20 } },
    { task: 7, file: 'messages', position: { offset: 5 } },
  ])
  const [first, , third] = ledger.messagesOf(job, 0, 3)
  expect(first).toMatchObject({ task: 0, at: 10, event: 'a' })
  expect(ledger.messagesOf(job, third?.n ?? 0, 9)).toMatchObject([{ task: 0, at: 20, event: 'c' }])
  expect(eventsOf(intend('t2'))).toEqual([])
})

test('of two that read one stretch, one keeps it', () => {
  const other = open()
  expect(ledger.keepMessages(read(null, 10, ['a']))).toBe(true)
  expect(other.keepMessages(read(null, 10, ['a']))).toBe(false)
  expect(other.keepMessages(read(10, 30, ['b', 'c']))).toBe(true)
  expect(ledger.keepMessages(read(10, 20, ['b']))).toBe(false)
  other.close()
  expect(eventsOf()).toEqual(['a', 'b', 'c'])
})

test('what breaks in the middle keeps neither message nor position', () => {
  ledger.keepMessages(read(null, 10, ['a']))
  const torn = {
    toJSON: (): never => {
      throw new Error('in the middle')
    },
  }
  expect(() => ledger.keepMessages(read(10, 20, ['b', torn]))).toThrow('in the middle')
  expect(() =>
    ledger.transaction(() => {
      ledger.keepMessages(read(10, 20, ['b']))
      throw new Error('after it')
    }),
  ).toThrow('after it')
  ledger.close()
  ledger = open()
  expect(eventsOf()).toEqual(['a'])
  expect(ledger.positionsOf(job)).toMatchObject([{ position: { offset: 10 } }])
})

test.each(migrations.map((_, version) => version))('a ledger of version %i is brought up', (version) => {
  ledger.close()
  const place = join(folder, 'old')
  mkdirSync(place)
  const db = new DatabaseSync(join(place, 'ledger.db'))
  for (const step of migrations.slice(0, version)) db.exec(step)
  if (version > 0) {
    db.exec(`INSERT INTO jobs (id, token, state, scheduler, created_at, user, worktree, branch, spec)
             VALUES (4, 'old', 'running', 'slurm', 1, 'u', '/w', 'b', '"s"')`)
  }
  db.exec(`PRAGMA user_version = ${version}`)
  db.close()
  ledger = new Ledger({ folder: place, shared: null })
  job = version > 0 ? (4 as JobId) : intend('new')
  expect(ledger.job(job)?.spec).toBe('s')
  expect(ledger.keepMessages(read(null, 1, ['a']))).toBe(true)
  expect(eventsOf()).toEqual(['a'])
})
