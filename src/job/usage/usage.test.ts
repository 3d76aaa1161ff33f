import { describe, expect, test } from 'vitest'
import type { CommitId } from '../../contract/ids.ts'
import type { LoggedCommit } from '../../dataset/log.ts'
import { writeMessage } from '../../provenance/message.ts'
import type { Json } from '../../provenance/python-json.ts'
import { adviceOf } from './advice.ts'
import { readDay } from './read-day.ts'
import { sumOf, sumUsage, weekOf } from './sum-usage.ts'
import { hasKeys, splitByKey } from './split-keys.ts'
import { runOf, sourceOfCommit, type UsageRun } from './usage-run.ts'

const G = 1024 ** 3
const lists = { chain: [], inputs: [], extra_inputs: [], outputs: [] }

function commit(waybill: { readonly [key: string]: Json } | undefined, more: Partial<LoggedCommit> = {}) {
  const record = { cmd: 'sbatch job.sh', ...lists, ...(waybill === undefined ? {} : { waybill }) }
  const message = writeMessage('DATALAD SLURM RUN', 'Slurm job 1: Completed', record)
  const logged = { commit: 'c' as CommitId, parents: [], message, author: 'Ada', committed: 9, ...more }
  const source = sourceOfCommit(logged)
  return source === null ? null : runOf(source)
}

function counted(waybill: { readonly [key: string]: Json }, user = 'Ada', at = 0): UsageRun {
  return runOf({ own: waybill, command: '', user, at, commit: null })
}

const own = {
  state: 'COMPLETED',
  script: { path: 'model.sh' },
  ended: '2026-11-26T10:00:00Z',
  nodes: 1,
  cores: 4,
  elapsed_seconds: 3600,
  cpu_seconds: 7200,
  allocated_cpu_seconds: 14_400,
  node_seconds: 3600,
  max_memory_bytes: 15 * G,
  requested_memory_bytes: 256 * G,
  time_limit_seconds: 86_400,
}

describe('a record as usage counts it', () => {
  test('its asset, key and account are what it is grouped by', () => {
    const run = commit({ ...own, account: 'abc', asset: { name: 'model', keys: ['gold'] } })
    expect(run).toMatchObject({
      like: 'model',
      asset: 'model',
      key: 'gold',
      account: 'abc',
      user: 'Ada',
      jobs: 1,
      parts: 1,
      at: Date.parse(own.ended) / 1000,
    })
    expect(commit(own)).toMatchObject({ like: 'model.sh', asset: null, key: null, cluster: null })
  })

  test('of another tool nothing is known, which is not zero', () => {
    const run = commit(undefined)
    expect(run).toMatchObject({ like: 'sbatch job.sh', at: 9, metrics: {} })
    if (run === null) throw new Error('it is a record')
    expect(sumOf([run], [])).toEqual({ by: {}, jobs: 1, runs: 1, attempts: 1, unknown_jobs: 1 })
  })

  test('what no record can mean is left out', () => {
    expect(commit({ ...own, cpu_seconds: -3, node_seconds: 'many', tasks: ['x COMPLETED'] })).toMatchObject({
      parts: 1,
      facts: { elapsed_seconds: 3600 },
    })
    expect(commit({ attempts: [3, null, {}] })).toMatchObject({ earlier: [{}, {}] })
    expect(
      sourceOfCommit({ commit: 'c' as CommitId, parents: [], author: '', committed: 1, message: 'hi' }),
    ).toBeNull()
  })

  test('what accounting said later counts, but not of an array that is recorded in parts', () => {
    const note = '{\n "accounting": "complete",\n "cpu_seconds": 9\n}\n\n{"node_seconds": 7200}\n'
    expect(commit({ state: 'COMPLETED' }, { note })?.metrics).toEqual({ cpu_seconds: 9, node_hours: 2 })
    expect(commit({ recorded_tasks: '0-3' }, { note })).toMatchObject({ parts: 4, metrics: {} })
  })

  test('every attempt costs; those of tasks that another record is about do not count', () => {
    const attempts = [
      { task: 1, node_seconds: 1800, elapsed_seconds: 1800, allocated_cpu_seconds: 7200 },
      { task: 1, node_seconds: 3600 },
      { task: 2, elapsed_seconds: 3600 },
      { task: 2, node_seconds: 3600 },
    ]
    const run = commit({ ...own, attempts })
    expect(run?.earlier).toHaveLength(2)
    if (run === null) throw new Error('it is a record')
    // The second of them is from before: it had four cores, as the last attempt had, for an hour.
    expect(sumOf([run], [])).toMatchObject({ attempts: 3, node_hours: 2.5, core_hours: 4 + 2 + 4 })
    expect(commit({ ...own, attempts, recorded_tasks: '1' })?.earlier).toHaveLength(1)
  })

  test('what its payload submitted counts with its asset, for the account that it says', () => {
    const children = {
      count: 3,
      jobs: [{ slurm_job_id: 1 }],
      account: 'theirs',
      node_seconds: 7200,
      parts: 3,
    }
    const run = commit({ ...own, account: 'abc', asset: { name: 'model', keys: ['gold'] }, children })
    expect(run?.children).toMatchObject({
      asset: 'model',
      key: 'gold',
      account: 'theirs',
      jobs: 3,
      parts: 3,
      metrics: { node_hours: 2 },
    })
    const silent = commit({ ...own, account: 'abc', asset: { name: 'model' }, children: { count: 2 } })
    expect(silent?.children).toMatchObject({ account: 'abc', key: null, jobs: 2, parts: 2, metrics: {} })
  })

  test('a command that submitted several jobs counts them all', () => {
    const jobs = [{ slurm_job_id: 1 }, { slurm_job_id: 2, tasks: ['0-2 COMPLETED'] }]
    expect(commit({ jobs, ...own, parts: 4 })).toMatchObject({ jobs: 2, parts: 4 })
  })
})

describe('an array of keys', () => {
  const facts = { tasks: '0-2', elapsed_seconds: '60 120 -', cpu_seconds: '30 60 7' }
  const array = {
    ...own,
    tasks: ['0,2 COMPLETED', '1 FAILED 1:0'],
    parts: 3,
    account: 'abc',
    children: { count: 2 },
    asset: { name: 'model', keys: ['gold', 'tin', 'lead'], code: 'c' },
    task_facts: facts,
    attempts: [
      { task: 1, state: 'TIMEOUT', elapsed_seconds: 5 },
      { task: 1, state: 'FAILED', elapsed_seconds: 120 },
    ],
  }

  test('is counted by key, each with what its task took', () => {
    const runs = splitByKey(array, {})?.map((one) => counted(one)) ?? []
    expect(runs).toMatchObject([
      {
        asset: 'model',
        key: 'gold',
        account: 'abc',
        parts: 1,
        jobs: 1,
        earlier: [],
        facts: { elapsed_seconds: 60, cpu_seconds: 30, cores: 4 },
      },
      { key: 'tin', earlier: [{ elapsed_seconds: 5 }], facts: { elapsed_seconds: 120 } },
      { key: 'lead', parts: 1 },
    ])
    expect(runs[2]?.facts).not.toHaveProperty('elapsed_seconds')
    expect(runs.flatMap(({ children }) => children ?? [])).toEqual([])
  })

  test('has its keys, and what was measured of them, in the file of long lists where there are many', () => {
    const { asset: _asset, task_facts: _facts, tasks: _tasks, ...short } = array
    const waybill = { ...short, lists: 'x.json', asset: { name: 'model', key_count: 3 } }
    const long = { tasks: array.tasks, task_facts: facts, asset: { keys: array.asset.keys } }
    expect(hasKeys(waybill)).toBe(true)
    expect(splitByKey(waybill, long)?.map((one) => counted(one).key)).toEqual(['gold', 'tin', 'lead'])
    expect(splitByKey({ ...waybill, recorded_tasks: '1' }, long)).toMatchObject([
      { asset: { name: 'model', keys: ['tin'] }, elapsed_seconds: 120 },
    ])
    expect(splitByKey(waybill, {})).toBeNull()
    expect(splitByKey({ ...array, tasks: ['many COMPLETED'] }, {})).toBeNull()
  })

  test('is told from jobs of one key, and from arrays without any', () => {
    expect(hasKeys({ ...array, asset: { name: 'model', keys: ['gold'] } })).toBe(false)
    expect(hasKeys({ ...array, asset: { name: 'model', keys: null } })).toBe(false)
    expect(hasKeys(own)).toBe(false)
  })
})

test('sums are by any combination of keys, the group that took most first', () => {
  const runs = [
    counted({ ...own, account: 'a' }, 'Ada', 0),
    counted({ ...own, account: 'b' }, 'Ada', 0),
    counted({ ...own, account: 'b', gpu_seconds: 7200, energy_joules: 3_600_000 }, 'Ben', 0),
  ]
  expect(sumUsage(runs, ['account'])).toMatchObject([
    { by: { account: 'b' }, jobs: 2, core_hours: 8, node_hours: 2, gpu_hours: 2, energy_kwh: 1 },
    { by: { account: 'a' }, jobs: 1, core_hours: 4, cpu_efficiency: 0.5 },
  ])
  expect(sumUsage(runs, ['account', 'user']).map(({ by }) => by)).toEqual([
    { account: 'a', user: 'Ada' },
    { account: 'b', user: 'Ada' },
    { account: 'b', user: 'Ben' },
  ])
  expect(sumUsage(runs, ['account'])[1]).not.toHaveProperty('gpu_hours')
  expect(sumUsage([], ['account'])).toEqual([])
})

test.each([
  ['2026-11-26T12:00:00Z', '2026-W48'],
  ['2027-01-01T00:00:00Z', '2026-W53'],
  ['2024-12-30T00:00:00Z', '2025-W01'],
  ['2026-01-01T00:00:00Z', '2026-W01'],
])('%s lies in week %s', (time, week) => {
  expect(weekOf(Date.parse(time) / 1000)).toBe(week)
})

test('days are read from their first to their last second, in UTC', () => {
  expect(readDay('2026-11-26', 'start')).toBe(Date.parse('2026-11-26T00:00:00Z') / 1000)
  expect(readDay('2026-11-26', 'end')).toBe(Date.parse('2026-11-26T23:59:59Z') / 1000)
  expect(readDay('2026-11-26T12:30', 'end')).toBe(Date.parse('2026-11-26T12:30:00Z') / 1000)
  expect(readDay('2026-11-26 12:30:01+01:00', 'end')).toBe(Date.parse('2026-11-26T11:30:01Z') / 1000)
  for (const text of ['2026-02-30', 'yesterday', '2026', '']) expect(readDay(text, 'start')).toBeNull()
})

describe('advice', () => {
  const like = (count: number, more: { readonly [key: string]: Json } = {}) =>
    Array.from({ length: count }, (_, i) => counted({ ...own, ...more }, 'Ada', i))

  test('says what share of what was asked was used, and what would have been enough', () => {
    expect(adviceOf(like(40))).toEqual([
      {
        what: 'memory',
        like: 'model.sh',
        asked: 256 * G,
        most: 15 * G,
        share: 0.0586,
        enough: 24 * G,
        runs: 40,
      },
      { what: 'time', like: 'model.sh', asked: 86_400, most: 3600, share: 0.0417, enough: 5400, runs: 40 },
    ])
  })

  test.each([
    ['few runs', like(4)],
    ['runs that needed it', [...like(9), ...like(1, { max_memory_bytes: 200 * G, elapsed_seconds: 50_000 })]],
    [
      'what the newest did not ask for any more',
      [...like(9), counted({ ...own, requested_memory_bytes: 32 * G, time_limit_seconds: 7200 }, 'Ada', 100)],
    ],
    ['runs that failed', like(9, { state: 'FAILED' })],
    ['runs of which it is not known', like(9, { max_memory_bytes: null, time_limit_seconds: null })],
  ])('says nothing of %s', (_what, runs) => {
    expect(adviceOf(runs)).toEqual([])
  })

  test('says nothing of memory where one ran out of it, or where it was spread over nodes', () => {
    const out = like(1, { state: 'OUT_OF_MEMORY' })
    expect(adviceOf([...like(9), ...out]).map(({ what }) => what)).toEqual(['time'])
    expect(adviceOf([...like(9), ...like(1, { step_states: ['0 OUT_OF_MEMORY'] })])).toHaveLength(1)
    expect(adviceOf(like(9, { nodes: 2 })).map(({ what }) => what)).toEqual(['time'])
    expect(adviceOf([...like(9), ...like(1, { state: 'TIMEOUT' })]).map(({ what }) => what)).toEqual([
      'memory',
    ])
  })

  test('counts the tasks of an array', () => {
    expect(adviceOf(like(1, { parts: 40 }))).toMatchObject([{ runs: 40 }, { runs: 40 }])
  })
})
