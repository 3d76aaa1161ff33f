import { expect, test } from 'vitest'
import type { Settings } from '../definitions/settings.ts'
import type { AssetView } from '../look.ts'
import { groupPieces } from './group-pieces.ts'
import type { Piece } from './piece-settings.ts'

function view(name: string, scheduler: 'slurm' | 'local' = 'slurm', hasKeys = true): AssetView {
  return {
    asset: { name, partitions: hasKeys ? new Map() : null },
    site: { scheduler },
  } as unknown as AssetView
}

const from = { kind: 'asset' } as const

/** Keys from 5 on have an hour more. */
function settingsFor({ index }: Piece): Settings {
  return {
    resources: { time: { value: index >= 5 ? 7200 : 3600, from } },
    slurm: new Map(),
    env: new Map(),
  }
}

function grouped(pieces: readonly (readonly [AssetView, number, number?])[], largest = 100): string {
  const all = pieces.map(([of, index, attempt = 0]) => ({ view: of, index, attempt }))
  const groups = groupPieces(all, settingsFor, () => largest)
  return groups.map((group) => group.map((one) => `${one.view.asset.name}${one.index}`).join(' ')).join(', ')
}

test('keys of one asset, for the same attempt and with the same options, go together', () => {
  const [a, b] = [view('a'), view('b')]
  expect(
    grouped([
      [a, 0],
      [b, 0],
      [a, 1],
      [a, 5],
      [b, 1],
      [a, 6],
    ]),
  ).toBe('a0 a1, b0 b1, a5 a6')
  expect(
    grouped([
      [a, 0],
      [a, 1, 1],
      [a, 2],
      [a, 3, 1],
    ]),
  ).toBe('a0 a2, a1 a3')
})

test('what the site takes at once splits them, in order', () => {
  const a = view('a')
  const five = [0, 1, 2, 3, 4].map((index) => [a, index] as const)
  expect(grouped(five, 2)).toBe('a0 a1, a2 a3, a4')
  expect(grouped(five, 1)).toBe('a0, a1, a2, a3, a4')
})

test('on this machine, and without keys, each is a job of its own', () => {
  const [here, one] = [view('h', 'local'), view('o', 'slurm', false)]
  expect(
    grouped([
      [here, 0],
      [here, 1],
      [one, 0],
    ]),
  ).toBe('h0, h1, o0')
})
