import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closure, graphOf } from './graph.ts'

const assets = new Map([
  ['a', { needs: [] }],
  ['b', { needs: ['a'] }],
  ['c', { needs: ['b', 'a'] }],
  ['d', { needs: ['c'] }],
])

test('closures go as deep as asked, both ways', () => {
  const { needs, neededBy } = graphOf(assets)
  expect([...closure(needs, ['d'], Infinity)]).toEqual(['d', 'c', 'b', 'a'])
  expect([...closure(needs, ['d'], 1)]).toEqual(['d', 'c'])
  expect([...closure(needs, ['d'], 0)]).toEqual(['d'])
  expect([...closure(neededBy, ['a'], 1)]).toEqual(['a', 'b', 'c'])
  expect([...closure(neededBy, ['a'], Infinity)].toSorted()).toEqual(['a', 'b', 'c', 'd'])
})

test('upstream and downstream are each other turned round', () => {
  const layered = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 })
  fc.assert(
    fc.property(layered, (lists) => {
      const some = new Map(
        lists.map((list, i) => [`${i}`, { needs: [...new Set(list.filter((n) => n < i).map(String))] }]),
      )
      const { needs, neededBy } = graphOf(some)
      for (const a of some.keys()) {
        for (const b of closure(needs, [a], Infinity)) expect(closure(neededBy, [b], Infinity)).toContain(a)
      }
    }),
  )
})
