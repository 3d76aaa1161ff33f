import { expect, test } from 'vitest'
import type { JobId } from '../../contract/ids.ts'
import type { Evidence } from '../evidence.ts'
import { inPasses, type Ended } from './passes.ts'

function ended(id: number, size: number, at: number | null = id): Ended {
  const evidence: Evidence = {
    at: 0,
    groups: [],
    started: null,
    ended: at,
    facts: {},
    attempts: [],
    accounting: 'off',
  }
  return { id: id as JobId, size, evidence }
}

function ids(
  jobs: readonly Ended[],
  landing: 'branch' | 'octopus' = 'branch',
): readonly (readonly number[])[] {
  return inPasses(jobs, landing).map((pass) => pass.map(({ id }) => id))
}

test('few jobs are recorded at once, in the order in which they ended', () => {
  expect(ids([ended(1, 5, 30), ended(2, 5, 10), ended(3, 5, 10)])).toEqual([[2, 3, 1]])
  expect(ids([])).toEqual([])
})

test('many jobs, and jobs of many outputs, are recorded in pieces; one that is larger than a piece alone', () => {
  expect(ids([ended(1, 1000), ended(2, 1000), ended(3, 1)])).toEqual([[1, 2], [3]])
  expect(ids([ended(1, 1), ended(2, 9000), ended(3, 1), ended(4, 1)])).toEqual([[1], [2], [3, 4]])
  const many = Array.from({ length: 10_000 }, (_, i) => ended(i + 1, 2))
  expect(ids(many).map((pass) => pass.length)).toEqual(Array<number>(10).fill(1000))
})

test('what one commit merges is recorded at once', () => {
  expect(ids([ended(1, 9000), ended(2, 9000)], 'octopus')).toEqual([[1, 2]])
})
