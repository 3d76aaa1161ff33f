import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Asset } from './definitions/definitions.ts'
import type { Partitions } from './definitions/key-space.ts'
import { parseTemplate } from './definitions/template.ts'
import { spaceOf } from './key-map.ts'
import { missingOutputs } from './outputs-on-disk.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((one) => rmSync(one, { recursive: true })))

function keys(count: number): Partitions {
  const list = Array.from({ length: count }, (_, i) => `k${i}`)
  return new Map([['k', { kind: 'list', keys: list, indexOf: new Map(list.map((key, i) => [key, i])) }]])
}

/** What each key lacks. */
function lacking(
  root: string,
  outputs: readonly string[],
  partitions: Partitions | null,
): readonly unknown[] {
  const asset = { outputs: outputs.map(parseTemplate), partitions } as unknown as Asset
  const space = spaceOf(partitions, 0)
  const missing = missingOutputs(root, [[asset, space]])(asset, space)
  return Array.from({ length: space.count }, (_, i) => missing(i))
}

test.each([2, 40])('outputs of %i keys are looked for', (count) => {
  const root = mkdtempSync(join(tmpdir(), 'waybill-outputs-'))
  folders.push(root)
  mkdirSync(join(root, 'out'))
  for (let i = 0; i < count; i++) writeFileSync(join(root, `out/k${i}.csv`), '')
  const of = (): readonly unknown[] => lacking(root, ['out/{k}.csv', 'logs/*-{k}'], keys(count))
  expect(new Set(of())).toEqual(new Set([null]))
  unlinkSync(join(root, 'out/k1.csv'))
  expect(of().slice(0, 2)).toEqual([null, 'out/k1.csv'])
  symlinkSync('/no/where', join(root, 'out/k1.csv'))
  expect(of()[1]).toBeNull()
  expect(lacking(root, ['{k}/a'], keys(count))[0]).toBe('k0/a')
})

test('of an asset without keys, too', () => {
  const root = mkdtempSync(join(tmpdir(), 'waybill-outputs-'))
  folders.push(root)
  expect(lacking(root, ['a/b'], null)).toEqual(['a/b'])
  mkdirSync(join(root, 'a/b'), { recursive: true })
  expect(lacking(root, ['a/b', '.'], null)).toEqual([null])
  expect(lacking(root, [], null)).toEqual([null])
})
