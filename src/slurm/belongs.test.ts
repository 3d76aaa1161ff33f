import { expect, test } from 'vitest'
import type { JobReference } from '../contract/scheduler.ts'
import { belongs } from './belongs.ts'

const job = {
  id: '7',
  cluster: null,
  user: 'ada',
  submittedAt: 10_000,
  token: 'mine',
  folder: '/f',
} as JobReference

test.each([
  ['waybill:mine', 0, true],
  ['sbatch --comment=waybill:mine --comment=x a.sh', 0, true],
  ['waybill:other', 10_000, false],
  ['sbatch --comment=waybill:other a.sh', 10_000, false],
  ['', 10_001, true],
  ['', 9_990, true],
  ['', null, true],
  ['', 9_000, false],
])('%j, submitted at %j', (words, submitted, ours) => {
  expect(belongs(job, { submitted, words })).toBe(ours)
})
