import { expect, test } from 'vitest'
import type { Context, Job } from '../context.ts'
import { referencesTo } from './members.ts'

const context = { dataset: { commonDir: '/r/.git' } } as Context
const jobWith = (...states: readonly string[]): Job =>
  ({
    schedulerId: '7',
    cluster: null,
    createdAt: 1,
    submittedAt: 2,
    user: 'ada',
    token: 't',
    members: [],
    spec: { parts: { kind: 'single' }, logs: null },
    observed: states.length === 0 ? null : { at: 5, groups: states.map((state) => ({ state })) },
  }) as unknown as Job

test.each([
  [[], { over: false, seenAt: null }],
  [['RUNNING'], { over: false, seenAt: 5 }],
  [['COMPLETED', 'PENDING'], { over: false, seenAt: 5 }],
  [['UNKNOWN'], { over: false, seenAt: 5 }],
  [['COMPLETED', 'TIMEOUT'], { over: true, seenAt: 5 }],
])('a job that was seen as %j is asked about as %j', (states, expected) => {
  expect(referencesTo(context, jobWith(...states))).toMatchObject([expected])
})
