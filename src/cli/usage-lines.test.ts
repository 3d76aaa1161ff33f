import { expect, test } from 'vitest'
import { amount, metricFields, percent } from './metric-lines.ts'
import { usageJson, usageLines } from './usage-lines.ts'

const G = 1024 ** 3
const sum = { jobs: 2, runs: 41, attempts: 42, unknown_jobs: 0, core_hours: 12.345, node_hours: 3 }
const found = { total: { by: {}, ...sum }, groups: [], advice: [], undecidedJobs: 0 }

test('one line for all, columns only for what is known', () => {
  expect(usageLines(found, [])).toEqual([
    'JOBS  RUNS  ATTEMPTS  CORE-HOURS  NODE-HOURS',
    '2     41    42        12.3        3',
  ])
})

test('groups, a total, what is not known, and advice', () => {
  const groups = [
    { by: { asset: 'model', week: '2026-W48' }, ...sum, cpu_efficiency: 0.5 },
    { by: { asset: null, week: '2026-W48' }, jobs: 1, runs: 1, attempts: 1, unknown_jobs: 1 },
  ]
  const memory = { asked: 256 * G, most: 15 * G, share: 0.0586, enough: 24 * G, runs: 40 }
  const time = { asked: 86_400, most: 4200, share: 0.05, enough: 5400, runs: 40 }
  const all = {
    ...found,
    groups,
    total: { by: {}, ...sum, jobs: 3, unknown_jobs: 1 },
    advice: [
      { what: 'memory', like: 'model', ...memory },
      { what: 'time', like: 'model', ...time },
    ] as const,
    undecidedJobs: 2,
  }
  expect(usageLines(all, ['asset', 'week'])).toEqual([
    'ASSET  WEEK      JOBS  RUNS  ATTEMPTS  CORE-HOURS  NODE-HOURS  CPU USED',
    'model  2026-W48  2     41    42        12.3        3           50 %',
    '-      2026-W48  1     1     1         -           -           -',
    'all              3     41    42        12.3        3           -',
    'of 1 job it is not known, or not in full, what they took; what is not known is in no sum of hours',
    '2 jobs not counted: it is not known whether the conditions hold',
    'model: 6 % of 256 G; 24 G would have served 40 of 40 runs',
    'model: asked for 1 d, the longest of 40 runs took 1 h 10 min; 1 h 30 min would have served them all',
  ])
  expect(usageJson(all).map((line) => JSON.parse(line) as unknown)).toEqual([
    ...groups.map((group) => ({ kind: 'usage', ...group })),
    { kind: 'usage', ...all.total, undecided_jobs: 2 },
    ...all.advice.map((one) => ({ kind: 'advice', ...one })),
  ])
})

test('nothing to count says so', () => {
  const none = { by: {}, jobs: 0, runs: 0, attempts: 0, unknown_jobs: 0 }
  expect(usageLines({ ...found, total: none }, [])).toEqual(['no jobs to count'])
  expect(usageLines({ ...found, total: null }, [])).toEqual([])
})

test('metrics are told where they are known', () => {
  expect(metricFields({})).toEqual([])
  const metrics = { core_hours: 0.00222, cpu_efficiency: 0.254, memory_share: 0.0009, max_memory_bytes: 1024 }
  expect(metricFields({ ...metrics, queue_wait_seconds: 61, energy_kwh: 1.5 })).toEqual([
    ['took', '0.00222 core-hours, 1.5 kWh, after 1 min 1 s in the queue'],
    ['made use of', '25 % of its cores, 0.09 % of its memory (1 KiB)'],
  ])
  expect([amount(1234.5), amount(0), percent(0), percent(1.8)]).toEqual(['1235', '0', '0 %', '180 %'])
})
