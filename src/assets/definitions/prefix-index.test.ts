import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PrefixIndex } from './prefix-index.ts'

test('it finds what a comparison with each would find', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(text), text, (texts, asked) => {
      const index = new PrefixIndex<string>()
      for (const one of texts) index.add(one, one)
      const expected = texts.filter((one) => one.startsWith(asked) || asked.startsWith(one))
      expect([...index.agreeing(asked)].toSorted()).toEqual(expected.toSorted())
    }),
  )
})
