import { expect, test } from 'vitest'
import { holds, parseCondition } from './metric-condition.ts'

test.each([
  ['cpu_efficiency < 0.2', { metric: 'cpu_efficiency', comparison: '<', value: 0.2 }],
  ['cpu_efficiency<=20%', { metric: 'cpu_efficiency', comparison: '<=', value: 0.2 }],
  ['max_memory_bytes > 10G', { metric: 'max_memory_bytes', comparison: '>', value: 10 * 1024 ** 3 }],
  ['  node_hours>=1.5 ', { metric: 'node_hours', comparison: '>=', value: 1.5 }],
  ['cpu_seconds>1e3', { metric: 'cpu_seconds', comparison: '>', value: 1000 }],
  ['gpu_hours == 0', { metric: 'gpu_hours', comparison: '==', value: 0 }],
  ['elapsed_seconds != 60', { metric: 'elapsed_seconds', comparison: '!=', value: 60 }],
])('%s is read', (text, value) => {
  expect(parseCondition(text)).toEqual({ ok: true, value })
})

test.each(['', 'cpu_efficiency', 'cpu_efficiency = 3', '0.2 > cpu_efficiency', 'a < 1 and b > 2'])(
  '"%s" is no condition',
  (text) => {
    expect(parseCondition(text)).toEqual({ ok: false, failure: { kind: 'bad-condition', text } })
  },
)

test('a name that is not known is told with the nearest one, a number with what it was', () => {
  expect(parseCondition('cpu_eficiency < 0.2')).toMatchObject({
    failure: { kind: 'unknown-metric', name: 'cpu_eficiency', nearest: 'cpu_efficiency' },
  })
  expect(parseCondition('memory < 1')).toMatchObject({ failure: { nearest: null } })
  expect(parseCondition('toString < 1')).toMatchObject({ failure: { kind: 'unknown-metric' } })
  expect(parseCondition('cpu_seconds < 10X')).toEqual({
    ok: false,
    failure: { kind: 'bad-metric-value', value: '10X' },
  })
})

test.each([
  ['<', [true, false, false]],
  ['<=', [true, true, false]],
  ['>', [false, false, true]],
  ['>=', [false, true, true]],
  ['==', [false, true, false]],
  ['!=', [true, false, true]],
] as const)('%s compares', (comparison, expected) => {
  const of = (node_hours: number) => holds({ metric: 'node_hours', comparison, value: 2 }, { node_hours })
  expect([1, 2, 3].map(of)).toEqual(expected)
})

test('what is not known is neither true nor false', () => {
  for (const comparison of ['<', '!='] as const)
    expect(holds({ metric: 'node_hours', comparison, value: 2 }, {})).toBe('unknown')
})
