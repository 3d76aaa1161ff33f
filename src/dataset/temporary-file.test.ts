import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeScratch } from './scratch-repository.ts'
import { dropStaleOperations } from './stale-operations.ts'
import { cleanLeftovers, temporaryPath } from './temporary-file.ts'

test('a broken link that a killed process left is not in the way, and is cleaned up', async () => {
  const scratch = makeScratch()
  const dataset = await scratch.dataset()
  const target = join(dataset.root, 'file')
  const place = { token: 't0' }
  const left = temporaryPath(dataset, target, place)
  symlinkSync('leads/nowhere', left)
  expect(temporaryPath(dataset, target, place)).not.toBe(left)
  expect(cleanLeftovers(dataset, 't0', ['file'])).toEqual([left])
  expect(lstatSync(left, { throwIfNoEntry: false })).toBeUndefined()
  scratch.remove()
})

test('private indexes of killed finishes are removed', async () => {
  const scratch = makeScratch()
  const dataset = await scratch.dataset()
  const folder = join(dataset.gitDir, 'waybill')
  mkdirSync(folder)
  for (const name of ['index-op-0', 'index-op-0.lock', 'ledger.db']) writeFileSync(join(folder, name), '')
  await dropStaleOperations(dataset, new Set())
  expect(
    ['index-op-0', 'index-op-0.lock', 'ledger.db'].filter((name) => existsSync(join(folder, name))),
  ).toEqual(['ledger.db'])
  scratch.remove()
})
