import { expect, test } from 'vitest'
import { mayRetry } from './retry.ts'

const retry = { attempts: 3, when: new Set(['TIMEOUT', 'FAILED']), grow: { cpus: 1, memory: 1, time: 1 } }

test.each([
  [1, ['TIMEOUT'], true],
  [2, ['TIMEOUT', 'FAILED'], true],
  [3, ['TIMEOUT'], false],
  [1, ['TIMEOUT', 'CANCELLED'], false],
  // It was given up before anybody saw how it ended.
  [1, [], false],
])('after %i attempts and %j it is tried again: %j', (before, states, again) => {
  expect(mayRetry(retry, before, states)).toBe(again)
})
