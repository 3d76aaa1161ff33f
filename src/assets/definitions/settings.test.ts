import { expect, test } from 'vitest'
import { settingsOf } from './settings.ts'
import { prove } from './test-definitions.ts'

const text = `
sites:
  here: { scheduler: local, defaults: { cpus: 1 } }
  cluster: { scheduler: slurm, defaults: { cpus: 2, memory: 1G, partition: batch, requeue: true } }
defaultSite: here
assets:
  a:
    run: "true"
    partitions: { m: [x, y] }
    outputs: ["{m}"]
    resources: { memory: 2G, time: 10 }
    env: { A: "1", B: "1" }
    slurm: { partition: long, requeue: false }
    sites: { cluster: { resources: { time: 20 }, env: { B: "{m}" } } }
    keys: { y: { resources: { time: 30 }, slurm: { partition: huge } } }
`

test('the nearest level wins, value by value, and says that it did', async () => {
  const proved = await prove(text)
  const asset = proved.ok ? proved.value.assets.get('a') : undefined
  const cluster = proved.ok ? proved.value.sites.get('cluster') : undefined
  const here = proved.ok ? proved.value.sites.get('here') : undefined
  if (asset === undefined || cluster === undefined || here === undefined)
    throw new Error(JSON.stringify(proved))
  const x = settingsOf(asset, cluster, 'x')
  expect(x.resources).toEqual({
    cpus: { value: 2, from: { kind: 'site', site: 'cluster' } },
    memory: { value: 2 * 1024 ** 3, from: { kind: 'asset' } },
    time: { value: 1200, from: { kind: 'asset-at-site', site: 'cluster' } },
  })
  expect([...x.slurm]).toEqual([['partition', { value: 'long', from: { kind: 'asset' } }]])
  expect(x.env.get('A')?.from).toEqual({ kind: 'asset' })
  expect(x.env.get('B')).toMatchObject({ value: { text: '{m}' }, from: { kind: 'asset-at-site' } })
  const y = settingsOf(asset, cluster, 'y', { resources: { cpus: 9 } })
  expect(y.resources.time).toEqual({ value: 1800, from: { kind: 'asset-for-key', key: 'y' } })
  expect(y.resources.cpus).toEqual({ value: 9, from: { kind: 'run' } })
  expect(y.slurm.get('partition')?.value).toBe('huge')
  expect(settingsOf(asset, here, null).resources.time?.from).toEqual({ kind: 'asset' })
})
