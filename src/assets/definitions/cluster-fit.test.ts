import { expect, test } from 'vitest'
import type { ClusterPartition } from '../../slurm/partitions.ts'
import { prove } from './test-definitions.ts'

const GiB = 1024 ** 3
const cluster: readonly ClusterPartition[] = [
  {
    name: 'work',
    up: true,
    timeLimit: null,
    mostNodes: null,
    nodes: [
      { count: 3, cpus: 16, memory: 4 * GiB, gpus: 0 },
      { count: 1, cpus: 16, memory: 64 * GiB, gpus: 2 },
    ],
  },
  {
    name: 'brief',
    up: true,
    timeLimit: 600,
    mostNodes: 2,
    nodes: [{ count: 4, cpus: 16, memory: 4 * GiB, gpus: 0 }],
  },
]

async function lacking(resources: string, slurm = '{}'): Promise<unknown> {
  const proved = await prove(
    `sites: { c: { scheduler: slurm } }\nassets: { a: { run: "true", resources: ${resources}, slurm: ${slurm} } }`,
    cluster,
  )
  if (proved.ok) return null
  return proved.failure.map((problem) => {
    if (problem.kind !== 'no-partition-fits') return problem.kind
    return problem.lacking.map(({ what, most }) => `${what} ${most}`).join()
  })
}

test.each<[string, string, unknown]>([
  ['{ cpus: 16, memory: 64G, gpus: 2 }', '{}', null],
  ['{ nodes: 4, memory: 4G }', '{}', null],
  ['{ time: 1-0 }', '{}', null],
  ['{ cpus: 17 }', '{}', ['cpus 16']],
  ['{ memory: 65G }', '{}', [`memory ${64 * GiB}`]],
  ['{ nodes: 2, gpus: 1 }', '{}', ['nodes 1']],
  ['{ time: 11 }', '{ partition: brief }', ['time 600']],
  ['{ nodes: 3 }', '{ partition: brief }', ['nodes 2']],
  ['{ time: 11 }', '{ partition: "brief,work" }', null],
  ['{ cpus: 1 }', '{ partition: breif }', ['no-such-partition']],
  ['{ cpus: 99 }', '{ clusters: other }', null],
])('%s with %s', async (resources, slurm, expected) => {
  expect(await lacking(resources, slurm)).toEqual(expected)
})

test('what one key asks for is looked at, too; assets of other sites are not', async () => {
  const text = `
sites: { c: { scheduler: slurm }, here: { scheduler: local } }
defaultSite: here
assets:
  a: { run: "true", site: c, partitions: { m: [x] }, outputs: ["{m}"], keys: { x: { resources: { cpus: 99 } } } }
  b: { run: "true", resources: { cpus: 99 } }
`
  expect(await prove(text, cluster)).toMatchObject({
    failure: [{ kind: 'no-partition-fits', asset: 'a', key: 'x' }],
  })
})
