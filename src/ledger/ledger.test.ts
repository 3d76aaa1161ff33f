import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommitId, JobId, JobToken, SchedulerJobId } from '../contract/ids.ts'
import { LedgerBroken } from './broken.ts'
import { Ledger } from './ledger.ts'
import { migrations } from './schema.ts'

type TestLedger = Ledger<string, { readonly seen: string }, string>

let folder: string
let ledger: TestLedger
let tokens = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-ledger-'))
  ledger = new Ledger({ folder: join(folder, 'waybill'), shared: null })
})

afterEach(() => {
  ledger.close()
  rmSync(folder, { recursive: true })
})

function intend(paths: readonly string[], into: TestLedger = ledger): JobId {
  const token = `t${tokens++}` as JobToken
  const base = { token, scheduler: 'slurm', createdAt: 1, user: 'u', worktree: '/w', branch: 'b' } as const
  const made = into.intend({ ...base, submitter: null, replaces: null, run: null, spec: 'spec' }, paths)
  if ('conflict' in made) throw new Error(`conflict with ${made.conflict.job}`)
  return made.id
}

const commit = 'c0ffee' as CommitId

test('an ended job is not brought back by who looked before its end', () => {
  const id = intend(['out'])
  expect(ledger.change(id, 2, 'recorded', { state: 'recorded', commit })).toBe(true)
  ledger.observe(id, 'running', { seen: 'late' }, null)
  expect(ledger.change(id, 3, 'closed', { state: 'closed' })).toBe(false)
  expect(ledger.job(id)).toMatchObject({ state: 'recorded', commit, observed: null })
  expect(ledger.events(id).map(({ kind }) => kind)).toEqual(['intended', 'recorded'])
  expect(ledger.openIds()).toEqual([])
})

test('a job gets its id at the scheduler once', () => {
  const id = intend(['out'])
  const submit = (schedulerId: string): boolean =>
    ledger.change(id, 2, 'submitted', { state: 'submitted', schedulerId: schedulerId as SchedulerJobId })
  expect([submit('7'), submit('8')]).toEqual([true, false])
  expect(ledger.job(id)?.schedulerId).toBe('7')
  expect(ledger.unsubmittedJobs()).toEqual([])
})

test('the end of a job frees its outputs, and only then', () => {
  const id = intend(['out/a'])
  expect(() => intend(['out'])).toThrow(`conflict with ${id}`)
  ledger.change(id, 2, 'closed', { state: 'closed' })
  expect(intend(['out'])).toBeGreaterThan(id)
})

test('a move may begin only for open jobs, by who holds the lease', () => {
  const id = intend(['out'])
  const move = { id: 'op', worktree: '/w', plan: 'plan', jobs: [{ job: id, commit }] }
  expect(ledger.beginMove(move, 'finish', 'me')).toBe(false)
  expect(ledger.takeLease('finish', 'me', 1, 2, () => 'dead')).toEqual({ held: true })
  expect(ledger.beginMove(move, 'finish', 'me')).toBe(true)
  expect(ledger.pendingMoves()).toEqual([move])
  ledger.endMove('op')
  ledger.change(id, 2, 'closed', { state: 'closed' })
  expect(ledger.beginMove(move, 'finish', 'me')).toBe(false)
})

test('a lease is taken from the dead at once, from another host when it has run out, never from the living', () => {
  const take = (owner: string, now: number, standing: 'alive' | 'dead' | 'elsewhere'): boolean =>
    ledger.takeLease('finish', owner, now, now + 10, () => standing).held
  expect(take('a', 0, 'dead')).toBe(true)
  expect(take('b', 5, 'elsewhere')).toBe(false)
  expect(take('b', 99, 'alive')).toBe(false)
  expect(take('b', 11, 'elsewhere')).toBe(true)
  expect(take('c', 12, 'dead')).toBe(true)
  ledger.dropLease('finish', 'b')
  expect(take('d', 13, 'alive')).toBe(false)
})

test('a job follows its worktree', () => {
  const id = intend(['out'])
  ledger.adoptJob(id, 2, '/new')
  expect(ledger.openWorktrees()).toEqual(['/new'])
  expect(ledger.conflict('/w', ['out'])).toBeNull()
  expect(ledger.conflict('/new', ['out'])?.job).toBe(id)
})

test('either all of a transaction is kept or none', () => {
  const id = intend(['out'])
  expect(() =>
    ledger.transaction(() => {
      ledger.change(id, 2, 'closed', { state: 'closed' })
      throw new Error('in the middle')
    }),
  ).toThrow('in the middle')
  expect(ledger.job(id)?.state).toBe('intended')
})

test('two processes on one ledger wait for each other', () => {
  const other: TestLedger = new Ledger({ folder: join(folder, 'waybill'), shared: null })
  intend(['a'], other)
  expect(() => intend(['a'])).toThrow('conflict')
  other.close()
})

test('only the user may read the ledger, unless the repository is shared', () => {
  expect(statSync(join(folder, 'waybill')).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, 'waybill/ledger.db')).mode & 0o777).toBe(0o600)
  const shared: TestLedger = new Ledger({
    folder: join(folder, 'shared'),
    shared: { file: 0o660, directory: 0o2770 },
  })
  expect(statSync(join(folder, 'shared')).mode & 0o7777).toBe(0o2770)
  expect(statSync(join(folder, 'shared/ledger.db')).mode & 0o777).toBe(0o660)
  shared.close()
})

test('a ledger of a newer version is left alone', () => {
  const path = join(folder, 'waybill/ledger.db')
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA user_version = ${migrations.length + 1}`)
  db.close()
  expect(() => new Ledger({ folder: join(folder, 'waybill'), shared: null })).toThrow(LedgerBroken)
})

test('jobs of a ledger from before there were runs are found by the run that they tell of', () => {
  const path = join(folder, 'old/ledger.db')
  mkdirSync(join(folder, 'old'))
  const db = new DatabaseSync(path)
  for (const step of migrations.slice(0, 4)) db.exec(step)
  db.exec(`PRAGMA user_version = 4`)
  const insert = db.prepare(
    `INSERT INTO jobs (token, state, scheduler, created_at, user, worktree, branch, spec) VALUES (?, 'closed', 'slurm', 1, 'u', '/w', 'b', ?)`,
  )
  insert.run('t1', '{"asset":{"name":"a","run":"q"}}')
  insert.run('t2', '{}')
  db.close()
  const old: TestLedger = new Ledger({ folder: join(folder, 'old'), shared: null })
  expect(old.jobsOfRun('q').map(({ token }) => token)).toEqual(['t1'])
  expect(old.runs(9)).toEqual([])
  old.close()
})

test('a run that was cancelled stays so, whatever its driver says at its end', () => {
  const driver = { host: 'h', boot: 'b', pid: 1, start: '1' }
  const id = ledger.beginRun({ token: 'q', worktree: '/w', user: 'u', request: {}, driver, began: 1 })
  ledger.keepReports(id, [
    { trouble: false, report: 'well' },
    { trouble: true, report: 'ill' },
  ])
  expect(ledger.changeRun(id, { state: 'cancelled' }, ['running'])).toBe(true)
  expect(ledger.changeRun(id, { state: 'done', ended: 2 }, ['running'])).toBe(false)
  expect(ledger.run(id)).toMatchObject({ state: 'cancelled', ended: null, driver })
  const [first] = ledger.reportsOf(id, 0)
  expect(ledger.reportsOf(id, first?.n ?? 0).map(({ report }) => report)).toEqual(['ill'])
  // The next run forgets what went well in those that are over.
  ledger.beginRun({ token: 'p', worktree: '/w', user: 'u', request: {}, driver, began: 3 })
  expect(ledger.reportsOf(id, 0).map(({ report }) => report)).toEqual(['ill'])
})
