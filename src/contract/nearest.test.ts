import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

test.each([
  ['outputz', 'outputs'],
  ['Outputs', 'outputs'],
  ['ouptuts', 'outputs'],
  ['partition', 'partitions'],
  ['xyz', null],
  ['a', null],
])('%s most likely means %s', (wrong, meant) => {
  expect(nearest(wrong, ['needs', 'outputs', 'partitions', 'run'])).toBe(meant)
})

test('a longer name may be wrong in a third of its letters, a short one in two', () => {
  expect(nearest('abcdefghijkl', ['abcdefgh'])).toBe('abcdefgh')
  expect(nearest('abcdefghijkl', ['abcdefg'])).toBe(null)
  expect(nearest('abcde', ['abc'])).toBe('abc')
  expect(nearest('abcde', ['ab'])).toBe(null)
})

test('what is known is its own nearest, and one changed letter is found', () => {
  const name = fc.string({ minLength: 4, maxLength: 12 }).filter((text) => text === text.toLowerCase())
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), fc.nat(), fc.nat(), (known, which, place) => {
      const meant = known[which % known.length] ?? ''
      expect(nearest(meant, known)).toBe(meant)
      const letters = [...meant]
      letters.splice(place % letters.length, 1, '\u0001')
      expect(nearest(letters.join(''), known)).not.toBe(null)
    }),
  )
})
