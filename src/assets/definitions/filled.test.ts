import { expect, test } from 'vitest'
import { environmentFor, pathsFor } from './filled.ts'
import { keySpace } from './key-space.ts'
import { settingsOf } from './settings.ts'
import { assetIn } from './test-definitions.ts'

test('paths and variables of one key; what would be a wildcard names itself, as in no variable', async () => {
  const text = `
assets:
  a:
    partitions: { m: [x, "b*[c]"] }
    inputs: ["in/*.{m}"]
    outputs: ["o/{m}/log", "p-{m}"]
    run: "true"
    env: { M: "<{m}>" }
`
  const asset = await assetIn(text, 'a')
  if (asset.partitions === null) throw new Error('it has partitions')
  const key = keySpace(asset.partitions, 0).at(1)
  expect(pathsFor(asset.outputs, key)).toEqual(['o/b[*][[]c]/log', 'p-b[*][[]c]'])
  expect(pathsFor(asset.inputs, key)).toEqual(['in/*.b[*][[]c]'])
  const here = { name: 'here', scheduler: 'local', defaults: { resources: {}, slurm: new Map() } } as const
  expect(environmentFor(settingsOf(asset, here, key.text), key)).toEqual({ M: '<b*[c]>' })
})
