import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { partitionFormat, readPartitions } from './partitions.ts'

test('what sinfo printed of two partitions with nodes of two kinds', () => {
  const text = readFileSync(new URL('fixtures/sinfo-22.05.8.txt', import.meta.url), 'utf8')
  const nodes = [
    { count: 3, cpus: 16, memory: 4000 * 1024 ** 2, gpus: 0 },
    { count: 1, cpus: 16, memory: 4000 * 1024 ** 2, gpus: 2 },
  ]
  expect(readPartitions(text)).toEqual([
    { name: 'work', up: true, timeLimit: null, mostNodes: null, nodes },
    { name: 'brief', up: true, timeLimit: 600, mostNodes: null, nodes },
  ])
})

// The forms of sinfo(1).
test.each([
  ['gpu:a100:4(S:0-1),gpu:v100:2,shard:8', 6],
  ['gpu', 1],
  ['tmp:20G', 0],
])('GRES %s are %i GPUs', (gres, gpus) => {
  const line = ['p', 'down', '1-00:00:00', '1-4', '2', '64+', '256000+', gres].join('\x1f')
  const [partition] = readPartitions(`${line}\n`)
  expect(partition).toMatchObject({ up: false, timeLimit: 86_400, mostNodes: 4 })
  expect(partition?.nodes).toEqual([{ count: 2, cpus: 64, memory: 256_000 * 1024 ** 2, gpus }])
})

test('the format has a field for each thing that is read', () => {
  expect(partitionFormat.split('\x1f')).toHaveLength(8)
  expect(readPartitions('sinfo: something else\n')).toEqual([])
})
