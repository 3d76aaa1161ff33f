import { expect, test } from 'vitest'
import type { Report } from '../../job/report.ts'
import type { AssetView } from '../look.ts'
import { asGroup } from './submit-pieces.ts'
import type { Piece } from './piece-settings.ts'

/** Pieces of one asset, and how often the text of a key was asked for. */
function groupOf(many: number) {
  let asked = 0
  const view = {
    asset: { name: 'a', partitions: new Map() },
    space: {
      at: (index: number) => {
        asked += 1
        return { text: `k${index}`, values: {} }
      },
    },
  } as unknown as AssetView
  const piece = (index: number): Piece => ({ view, index, attempt: 0 })
  const group = [piece(0), ...Array.from({ length: many - 1 }, (_, i) => piece(i + 1))] as const
  return { group, asked: () => asked }
}

const got: Report = { action: 'get', status: 'ok', path: 'in', type: 'file', facts: { line: 0 } }
const scheduled: Report = {
  action: 'schedule',
  status: 'ok',
  path: '',
  note: { kind: 'of-line', line: 0, note: { kind: 'scheduled', cmd: 'x' } as never },
  facts: { line: 0 },
}

test('of a file that is got for an array only the asset is told, of its submission all keys', () => {
  const { group, asked } = groupOf(1000)
  expect(asGroup(got, [group])).toEqual({
    action: 'get',
    status: 'ok',
    path: 'in',
    type: 'file',
    facts: { asset: 'a' },
  })
  expect(asked()).toBe(0)
  const told = asGroup(scheduled, [group])
  expect(told.note).toMatchObject({ kind: 'asset-submitted', asset: 'a' })
  expect(told.facts?.['keys']).toHaveLength(1000)
  const refused = { ...scheduled, status: 'impossible', type: 'dataset' } as const
  const note = { kind: 'of-line', line: 0, note: { kind: 'no-outputs' } } as const
  expect(asGroup({ ...refused, note }, [groupOf(2).group])).toMatchObject({
    note: { kind: 'of-asset', asset: 'a', keys: ['k0', 'k1'], note: { kind: 'no-outputs' } },
    facts: { asset: 'a', keys: ['k0', 'k1'] },
  })
  expect(asGroup(got, [groupOf(1).group]).facts).toEqual({ asset: 'a', key: 'k0' })
})
