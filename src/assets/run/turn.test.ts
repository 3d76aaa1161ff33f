import { expect, test } from 'vitest'
import type { ListedKeys, Partitions } from '../definitions/key-space.ts'
import { mapKeys, spaceOf } from '../key-map.ts'
import type { Job } from '../../job/context.ts'
import type { AssetView } from '../look.ts'
import type { Planned } from '../make-plan.ts'
import { newBook, pieceAt, pieceId, type Book } from './book.ts'
import { progressOf } from './tell-run.ts'
import { turnOf } from './turn.ts'
import type { Piece } from './piece-settings.ts'

const metals: ListedKeys = {
  kind: 'list',
  keys: ['gold', 'tin'],
  indexOf: new Map([
    ['gold', 0],
    ['tin', 1],
  ]),
}

/** raw → model per metal → report, and stale places of each; `failing`: of which the check `pure`, which blocks, did not pass. */
function planned(
  stale: Readonly<Record<string, readonly number[]>>,
  failing: Readonly<Record<string, readonly number[]>> = {},
): Planned {
  const assets: readonly (readonly [string, readonly string[], Partitions | null])[] = [
    ['raw', [], null],
    ['model', ['raw'], new Map([['metal', metals]])],
    ['report', ['model'], null],
  ]
  const partitionsOf = new Map(assets.map(([name, , partitions]) => [name, partitions]))
  const views = new Map(
    assets.map(([name, needs, partitions]) => {
      const maps = new Map(
        needs.map((need) => [need, mapKeys(partitions, partitionsOf.get(need) ?? null, 0)] as const),
      )
      return [
        name,
        {
          asset: { name, partitions, checks: [{ name: 'pure', blocking: true }] },
          state: {
            records: [
              { ends: 'done', facts: { keys: null }, failedChecks: [] },
              { ends: 'done', facts: { keys: null }, failedChecks: ['pure'] },
            ],
            record: [0, 1].map((at) => ((failing[name] ?? []).includes(at) ? 1 : 0)),
            position: [0, 0],
          },
          space: spaceOf(partitions, 0),
          maps,
        } as unknown as AssetView,
      ]
    }),
  )
  const chosen = assets.map(([name]) => ({
    name,
    blocked: [],
    stale: [{ ranges: (stale[name] ?? []).map((at) => ({ from: at, to: at })) }],
  }))
  return { plan: { assets: chosen, notes: [] }, look: { views } } as unknown as Planned
}

function told(
  found: Planned,
  open: readonly string[] = [],
  book: Partial<Book> = {},
): Record<string, string> {
  const named = (pieces: readonly Piece[]): string =>
    pieces.map(({ view, index }) => pieceAt(view, index).replace('\0', ' ').trim()).join(', ')
  const turn = turnOf(found, new Set(open), { ...newBook(0), ...book })
  return {
    ready: named(turn.ready),
    waiting: named(turn.waiting),
    blocked: named(turn.blocked.map(({ piece }) => piece)),
  }
}

const raw = pieceId('raw', null)
const gold = pieceId('model', 'gold')
const tin = pieceId('model', 'tin')
const all = { raw: [0], model: [0, 1], report: [0] }

test('what is made of nothing that is still to be made is ready', () => {
  expect(told(planned(all))).toEqual({ ready: 'raw', waiting: 'model gold, model tin, report', blocked: '' })
  expect(told(planned(all), [raw])).toMatchObject({ ready: '', waiting: 'model gold, model tin, report' })
  expect(told(planned({ model: [1], report: [0] }))).toMatchObject({ ready: 'model tin', waiting: 'report' })
  expect(told(planned({ report: [0] }), [gold])).toMatchObject({ ready: '', waiting: 'report' })
})

test('what runs is told, and what waits with what for', () => {
  const book = newBook(0)
  const words = (found: Planned, open: readonly string[]): unknown => {
    const spec = { asset: { name: 'raw', keys: null }, parts: { kind: 'single' } }
    const job = { spec, recorded: [] } as unknown as Job
    return progressOf(turnOf(found, new Set(open), book), open.includes(raw) ? [job] : [], book, 4)
  }
  expect(words(planned(all), [raw])).toMatchObject({
    running: ['raw'],
    waiting: ['model (for raw)', 'report (for model)'],
  })
  expect(words(planned({ model: [1], report: [0] }), [gold])).toMatchObject({
    waiting: ['model (for its turn)', 'report (for model)'],
  })
})

test('what has failed blocks all that lies downstream, and nothing else', () => {
  const found = planned({ model: [0, 1], report: [0] })
  expect(told(found, [], { failed: new Set([tin]) })).toEqual({
    ready: 'model gold',
    waiting: '',
    blocked: 'report',
  })
  expect(told(planned(all), [], { failed: new Set([raw]) })).toEqual({
    ready: '',
    waiting: '',
    blocked: 'model gold, model tin, report',
  })
})

test('what was made is not made again, and what was forced is made once', () => {
  expect(told(planned({ model: [0], report: [0] }), [], { made: new Set([gold]) })).toMatchObject({
    ready: 'report',
  })
  expect(told(planned({}), [], { forced: new Set([gold, tin]), made: new Set([tin]) })).toMatchObject({
    ready: 'model gold',
  })
})

test('a blocking check that did not pass holds back what is made of that key, unless it is made anew', () => {
  const found = planned({ report: [0] }, { model: [1] })
  expect(told(found)).toEqual({ ready: '', waiting: '', blocked: 'report' })
  const [held] = turnOf(found, new Set(), newBook(0)).blocked
  expect(held?.checks).toEqual([{ asset: 'model', check: 'pure', hasKeys: true }])
  expect(told(planned({ model: [1], report: [0] }, { model: [1] }))).toMatchObject({
    ready: 'model tin',
    waiting: 'report',
  })
  expect(told(found, [tin])).toMatchObject({ waiting: 'report', blocked: '' })
  expect(told(planned({}, { raw: [0] }), [], { forced: new Set([gold]) })).toMatchObject({
    blocked: 'model gold',
  })
})

test('what a run made and did not pass a blocking check makes it unsound', () => {
  const made = { ...newBook(0), made: new Set([tin]) }
  expect(turnOf(planned({}, { model: [1] }), new Set(), made).unsound).toBe(true)
  expect(turnOf(planned({}, { model: [0] }), new Set(), made).unsound).toBe(false)
})
