import fc from 'fast-check'
import { expect, test } from 'vitest'
import { prove } from './definitions/test-definitions.ts'
import { select } from './selection.ts'
import { parseSelection } from './selection-syntax.ts'

const proved = await prove(`
sites: { here: { scheduler: local }, there: { scheduler: local }, empty: { scheduler: local } }
defaultSite: here
assets:
  corpus: { run: a, outputs: [a], tags: [raw] }
  clean: { needs: [corpus], run: a, outputs: [b], group: prepare }
  model/gold: { needs: [clean], run: a, outputs: [c], group: training, owners: ["team:data"] }
  model/silver: { needs: [clean], run: a, outputs: [d], group: training, tags: [paper], site: there }
  scores: { needs: [model/gold, model/silver], run: a, outputs: [e], tags: [paper] }
`)
if (!proved.ok) throw new Error(JSON.stringify(proved.failure))
const definitions = proved.value

function chosen(text: string): unknown {
  const read = parseSelection(text)
  if (!read.ok) return read.failure
  const names = select(definitions, read.value, new Set(['scores', 'clean']))
  return names.ok ? names.value.join(' ') : names.failure
}

test('names, patterns, attributes', () => {
  const all = 'corpus clean model/gold model/silver scores'
  for (const text of ['', ' ', '*', 'all', '**']) expect(chosen(text)).toBe(all)
  expect(chosen('clean')).toBe('clean')
  expect(chosen('model/*')).toBe('model/gold model/silver')
  expect(chosen('m*r')).toBe('model/silver')
  expect(chosen('*e*')).toBe('clean model/gold model/silver scores')
  expect(chosen('group:training')).toBe('model/gold model/silver')
  expect(chosen('group:t*')).toBe('model/gold model/silver')
  expect(chosen('tag:paper')).toBe('model/silver scores')
  expect(chosen('owner:team:data')).toBe('model/gold')
  expect(chosen('site:there')).toBe('model/silver')
  expect(chosen('site:empty')).toBe('')
  expect(chosen('stale')).toBe('clean scores')
})

test('up- and downstream', () => {
  expect(chosen('+clean')).toBe('corpus clean')
  expect(chosen('clean+')).toBe('clean model/gold model/silver scores')
  expect(chosen('clean+1')).toBe('clean model/gold model/silver')
  expect(chosen('1+scores')).toBe('model/gold model/silver scores')
  expect(chosen('2+model/gold+1')).toBe('corpus clean model/gold scores')
  expect(chosen('1+group:training+')).toBe('clean model/gold model/silver scores')
  expect(chosen('1+(model/gold or corpus)')).toBe('corpus clean model/gold')
  expect(chosen('(corpus)+1 and not corpus')).toBe('clean')
  expect(chosen('0+scores')).toBe('scores')
})

test('not binds more than and, and that more than a union, however it is written', () => {
  for (const text of ['corpus clean', 'corpus,clean', 'corpus or clean', 'corpus , clean', '(corpus)clean'])
    expect(chosen(text)).toBe('corpus clean')
  expect(chosen('not tag:paper and not corpus')).toBe('clean model/gold')
  expect(chosen('corpus or tag:paper and group:training')).toBe('corpus model/silver')
  expect(chosen('(corpus or tag:paper) and not scores')).toBe('corpus model/silver')
  expect(chosen('not not corpus')).toBe('corpus')
  expect(chosen('NOT stale')).toBe('corpus model/gold model/silver')
})

test('what is wrong is told with its place, and the name that was meant', () => {
  expect(chosen('corpus modl/gold')).toEqual({
    kind: 'selection-unknown',
    name: 'modl/gold',
    at: 7,
    nearest: 'model/gold',
  })
  expect(chosen('+corpsu')).toMatchObject({ at: 1, nearest: 'corpus' })
  expect(chosen('zzz*')).toEqual({ kind: 'selection-matches-none', pattern: 'zzz*', at: 0 })
  expect(chosen('group:trainig')).toMatchObject({
    kind: 'selection-unknown-value',
    at: 6,
    nearest: 'training',
  })
  expect(chosen('site:ther')).toMatchObject({ kind: 'selection-unknown-value', nearest: 'there' })
  expect(chosen('kind:x')).toMatchObject({ kind: 'selection-no-attribute', found: 'kind' })
  expect(chosen('(corpus')).toEqual({ kind: 'selection-unclosed', at: 0 })
  expect(chosen('corpus)')).toEqual({ kind: 'selection-unopened', at: 6 })
  expect(chosen('corpus and')).toEqual({ kind: 'selection-ends', at: 10 })
  expect(chosen('corpus or')).toEqual({ kind: 'selection-ends', at: 9 })
  expect(chosen('and')).toMatchObject({ kind: 'selection-unexpected', found: 'and', at: 0 })
  expect(chosen('()')).toMatchObject({ kind: 'selection-unexpected', found: ')', at: 1 })
  expect(chosen('+')).toMatchObject({ kind: 'selection-unexpected' })
  expect(chosen('(corpus or) clean')).toMatchObject({ kind: 'selection-unexpected', found: ')' })
  expect(chosen('('.repeat(100_000))).toMatchObject({ kind: 'selection-too-deep' })
})

test('any text is a selection, or is told what is wrong with it', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'corpus',
      'model/*',
      '(',
      ')',
      ',',
      ' ',
      'and',
      'or',
      'not',
      '+',
      '2+',
      '+1',
      'tag:',
      'stale',
      '*',
    ),
  )
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    pieces.map((list) => list.join('')),
    pieces.map((list) => list.join(' ')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const read = parseSelection(text)
      if (read.ok) select(definitions, read.value, new Set())
      else expect(read.failure.at).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 2000 },
  )
})
