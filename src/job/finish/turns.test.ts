import { expect, test } from 'vitest'
import { turnsOf } from './turns.ts'

function turns(sizes: readonly number[]): readonly (readonly number[])[] {
  return [...turnsOf(sizes.map((size) => ({ size })))].map((turn) => turn.map(({ size }) => size))
}

test('few jobs have one turn, in their order', () => {
  expect(turns([5, 1, 3])).toEqual([[5, 1, 3]])
  expect(turns([])).toEqual([])
})

test('many jobs, and jobs of many outputs, have turns one after the other; one that is larger than a turn its own', () => {
  expect(turns([1000, 1000, 1])).toEqual([[1000, 1000], [1]])
  expect(turns([1, 9000, 1, 1])).toEqual([[1], [9000], [1, 1]])
  expect(turns(Array<number>(10_000).fill(2)).map((turn) => turn.length)).toEqual(
    Array<number>(10).fill(1000),
  )
})
