import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { JobId } from '../contract/ids.ts'
import { mayMeet } from './path-pattern.ts'
import { findConflict, release, reserve } from './reservations.ts'
import { migrations } from './schema.ts'

let db: DatabaseSync
const first = 1 as JobId

beforeEach(() => {
  db = new DatabaseSync(':memory:')
  db.exec(migrations.join(''))
  db.exec('PRAGMA foreign_keys = OFF')
})

const meets = (reserved: string, wanted: string): boolean => {
  reserve(db, '/w', first, [reserved])
  const found = findConflict(db, '/w', [wanted])
  release(db, first)
  return found !== null
}

test.each([
  ['results', 'results'],
  ['results', 'results/a/b'],
  ['results/a/b', 'results'],
  ['.', 'anything'],
  ['deep/er', '.'],
  ['results/run-*', 'results/run-7/x'],
  ['results/run-*/log', 'results'],
  ['results/*', 'results/*.txt'],
  ['results/**/x', 'results/a'],
  ['run [[]1]', 'run [[]1]/x'],
  ['run *', 'run [[]1]'],
  ['*.txt', 'a.txt'],
  ['a/b', '*'],
  ['/scratch/log', '/scratch/log'],
])('%s and %s conflict', (a, b) => {
  expect(meets(a, b)).toBe(true)
  expect(meets(b, a)).toBe(true)
})

test.each([
  ['results', 'results2'],
  ['results/a', 'results/b'],
  ['results-x/y', 'results'],
  ['results/run-*', 'results/x'],
  ['a*', 'b*'],
  ['*.txt', '*.csv'],
  ['results/*.txt', 'results/a.csv'],
  ['run [[]1]', 'run [[]2]'],
  ['run [[]1]/x', 'run 1'],
  ['.', '/scratch/log'],
  ['scratch/log', '/scratch/log'],
])('%s and %s do not', (a, b) => {
  expect(meets(a, b)).toBe(false)
  expect(meets(b, a)).toBe(false)
})

test('a job of another worktree is in nobody’s way', () => {
  reserve(db, '/elsewhere', first, ['results'])
  expect(findConflict(db, '/w', ['results'])).toBeNull()
})

const segment = fc.constantFrom('a', 'ab', 'b', 'a*', '*b', '?', '[ab]', '**', 'c-1')
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))

test('the index finds what comparing with every reservation finds', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 6 }), path, (reserved, wanted) => {
      reserve(db, '/w', first, reserved)
      const found = findConflict(db, '/w', [wanted]) !== null
      release(db, first)
      expect(found).toBe(reserved.some((one) => mayMeet(wanted, one)))
    }),
  )
})
