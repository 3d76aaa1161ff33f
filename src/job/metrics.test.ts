import { expect, test } from 'vitest'
import { metricsOf } from './metrics.ts'
import { sumFacts } from './sum-facts.ts'
import { factsOfTasks, fromTaskFacts, toTaskFacts } from './arrays/task-facts.ts'

const G = 1024 ** 3
const facts = {
  elapsed_seconds: 1800,
  queue_wait_seconds: 60,
  time_limit_seconds: 3600,
  cpu_seconds: 3600,
  allocated_cpu_seconds: 14_400,
  node_seconds: 3600,
  gpu_seconds: 7200,
  max_memory_bytes: 3 * G,
  requested_memory_bytes: 12 * G,
  allocated_memory_bytes: 16 * G,
  energy_joules: 7_200_000,
  nodes: 2,
  cores: 8,
  gpus: 4,
}

test('hours are over all nodes, cores and GPUs; memory is a share of what was asked', () => {
  expect(metricsOf(facts)).toEqual({
    elapsed_seconds: 1800,
    queue_wait_seconds: 60,
    cpu_seconds: 3600,
    cpu_efficiency: 0.25,
    max_memory_bytes: 3 * G,
    memory_share: 0.25,
    time_share: 0.5,
    node_hours: 1,
    core_hours: 4,
    gpu_hours: 2,
    energy_kwh: 2,
  })
})

test('what is not known is missing; nothing is divided by nothing', () => {
  expect(metricsOf({})).toEqual({})
  expect(metricsOf({ cpu_seconds: 0.4, allocated_cpu_seconds: 0 })).toEqual({
    cpu_seconds: 0.4,
    core_hours: 0,
  })
})

test('a record of before has nodes and a time, which is enough for one job and not for several', () => {
  const before = { elapsed_seconds: 3600, nodes: 2, cores: 4 }
  expect(metricsOf(before)).toMatchObject({ node_hours: 2, core_hours: 4 })
  expect(metricsOf({ ...before, parts: 3 })).toEqual({ elapsed_seconds: 3600 })
})

test('without accounting, times tell how long it waited and ran', () => {
  expect(metricsOf({}, { submitted: 10, started: 15, ended: 75 })).toEqual({
    elapsed_seconds: 60,
    queue_wait_seconds: 5,
  })
})

test('parts: hours add up, and memory is a share of what the same part asked for', () => {
  const other = { ...facts, elapsed_seconds: 3600, max_memory_bytes: G, requested_memory_bytes: G }
  const both = sumFacts([facts, other])
  expect(both).toMatchObject({ parts: 2, elapsed_seconds: 3600, cpu_seconds: 7200 })
  expect(metricsOf(both)).toMatchObject({ node_hours: 2, core_hours: 8, gpu_hours: 4, memory_share: 0.25 })
  expect(metricsOf(sumFacts([both, facts]))).toMatchObject({ node_hours: 3 })
})

test('a sum of which a part is not known is not known', () => {
  const { node_seconds: _, ...unknown } = facts
  expect(metricsOf(sumFacts([facts, unknown]))).not.toHaveProperty('node_hours')
})

test('facts of tasks are a line a fact, and are read again', () => {
  const byTask = new Map([
    [3, { elapsed_seconds: 4, cpu_seconds: 1, node_seconds: 4 }],
    [1, { elapsed_seconds: 2, node_seconds: 2, max_memory_bytes: 7 }],
  ])
  const lines = toTaskFacts(byTask)
  expect(lines).toEqual({
    tasks: '1,3',
    elapsed_seconds: '2 4',
    cpu_seconds: '- 1',
    node_seconds: '2 4',
    max_memory_bytes: '7 -',
  })
  if (lines === null) throw new Error('there are lines')
  expect(fromTaskFacts(lines)).toEqual(byTask)
  const whole = { nodes: 1, node_seconds: 6, parts: 2 }
  expect(factsOfTasks(whole, lines, [3])).toEqual({
    nodes: 1,
    elapsed_seconds: 4,
    cpu_seconds: 1,
    node_seconds: 4,
  })
  expect(factsOfTasks(whole, lines, [3, 4])).toEqual({ nodes: 1 })
  expect(toTaskFacts(new Map([[1, {}]]))).toBeNull()
})
