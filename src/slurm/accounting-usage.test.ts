import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readAccounting } from './accounting.ts'

// A job with steps on two nodes, an array, a job that was requeued, one with a GPU, and one that left a node idle.
const text = readFileSync(new URL('fixtures/sacct-22.05.8-usage.txt', import.meta.url), 'utf8')
const factsOf = (job: string) =>
  readAccounting(text)
    .filter(({ row }) => row.job === job)
    .map(({ row }) => row.facts)
const kib = 1024

test('CPU time is over all steps, memory over all tasks of the largest step, time over all nodes', () => {
  expect(factsOf('1001')).toEqual([
    {
      name: 'multi.sh',
      elapsed_seconds: 8,
      queue_wait_seconds: 1,
      time_limit_seconds: 600,
      cpu_seconds: 6.925,
      allocated_cpu_seconds: 32,
      node_seconds: 16,
      // Four tasks of at most 74,948 KiB, as TRESUsageInTot adds them up.
      max_memory_bytes: 299_600 * kib,
      requested_memory_bytes: 1000 * kib ** 2,
      billing: 4,
      nodes: 2,
      cores: 4,
      node_list: 'n[1-2]',
      partition: 'work',
      account: 'root',
      qos: 'normal',
      work_dir: '/data/lab',
    },
  ])
})

test('each attempt of a requeued job has facts of its own, and a limit that nobody asked for is none', () => {
  const [first, second] = factsOf('1003')
  expect(first).toMatchObject({ elapsed_seconds: 0, queue_wait_seconds: 1, node_seconds: 0 })
  expect(first).not.toHaveProperty('time_limit_seconds')
  expect(first).not.toHaveProperty('max_memory_bytes')
  expect(second).toMatchObject({ cpu_seconds: 0.846, queue_wait_seconds: 28, max_memory_bytes: 4524 * kib })
  expect(second).not.toHaveProperty('time_limit_seconds')
})

test('GPUs count; what this cluster cannot measure is missing, and not zero', () => {
  const [facts] = factsOf('1004')
  expect(facts).toMatchObject({ gpus: 1, gpu_seconds: 3, requested_memory_bytes: 400 * kib ** 2 })
  for (const key of ['gpu_utilization', 'max_gpu_memory_bytes', 'energy_joules', 'time_limit_seconds'])
    expect(facts).not.toHaveProperty(key)
})

test('a node that did nothing counts, and tasks of an array have rows of their own', () => {
  expect(factsOf('1006')).toMatchObject([{ nodes: 2, node_seconds: 6, elapsed_seconds: 3 }])
  expect(factsOf('1002').map((facts) => facts.allocated_cpu_seconds)).toEqual([2, 3, 3])
})

/** The facts of a row and its step, of which a few cells are filled. */
const factsBy = (
  job: Readonly<Record<string, string>>,
  step: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> | undefined => {
  const columns = ['JobID', ...new Set([...Object.keys(job), ...Object.keys(step)]), 'SubmitLine']
  const line = (id: string, cells: Readonly<Record<string, string>>): string =>
    columns.map((column) => (column === 'JobID' ? id : (cells[column] ?? ''))).join('\x1f')
  return { ...readAccounting(`${line('7', job)}\n${line('7.0', step)}\n`, columns)[0]?.row.facts }
}

test('energy of a cluster that measures; zero and NO_VAL64 are not known', () => {
  expect(factsBy({ ConsumedEnergyRaw: '3600000' })).toMatchObject({ energy_joules: 3_600_000 })
  expect(factsBy({}, { ConsumedEnergyRaw: '1200' })).toMatchObject({ energy_joules: 1200 })
  expect(factsBy({ ConsumedEnergyRaw: '0' })).not.toHaveProperty('energy_joules')
  expect(factsBy({ ConsumedEnergyRaw: '18446744073709551614' })).not.toHaveProperty('energy_joules')
})

test('GPU use where it is measured', () => {
  const facts = factsBy(
    {},
    {
      TRESUsageInAve: 'cpu=00:10:00,gres/gpumem=40M,gres/gpuutil=37,mem=10K',
      TRESUsageInTot: 'cpu=00:10:00,gres/gpumem=2.50G,mem=10K',
    },
  )
  expect(facts).toMatchObject({ gpu_utilization: 0.37, max_gpu_memory_bytes: 2.5 * 1024 ** 3 })
})
