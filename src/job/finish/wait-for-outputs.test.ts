import { expect, test } from 'vitest'
import type { Context } from '../context.ts'
import type { EndedJob } from './ended.ts'
import { waitForOutputs } from './wait-for-outputs.ts'

/** A file system that is not known to be local, on every Linux. */
const shared = '/proc'

/** What came of a finish that looks for `nowhere` so many seconds after the job's end, and how long it slept. */
async function lookAfter(
  seconds: number,
  change: {
    readonly base?: string
    readonly state?: string
    readonly wait?: string
    readonly by?: string
  } = {},
): Promise<{ readonly waited: EndedJob['waited']; readonly slept: number }> {
  let now = 1_000_000
  const began = now
  const context = {
    dataset: { root: '/proc/self' },
    env: change.wait === undefined ? {} : { WAYBILL_OUTPUTS_WAIT: change.wait },
    now: () => now,
    sleep: async (some: number) => {
      now += some
    },
    progress: () => {},
  } as unknown as Context
  const state = change.state ?? 'COMPLETED'
  const ended = {
    job: {
      schedulerId: '7',
      scheduler: change.by ?? 'slurm',
      members: [],
      spec: { altDir: change.base ?? shared, outputs: ['nowhere'], logs: null, parts: { kind: 'single' } },
    },
    evidence: { ended: began - seconds, groups: [{ parts: '', state, reason: null, exit: null }] },
  } as unknown as EndedJob
  const [after] = await waitForOutputs(context, [ended])
  return { waited: after?.waited, slept: Math.round(now - began) }
}

test('what is not seen is waited for up to a minute after the end of the job, or as long as the variable says', async () => {
  expect(await lookAfter(10)).toEqual({ slept: 50, waited: { fileSystem: 'proc', seconds: 60 } })
  expect((await lookAfter(10, { wait: '15' })).slept).toBe(5)
  expect((await lookAfter(10, { wait: '0' })).slept).toBe(0)
})

test('the next morning nothing is waited for, and what is missing is told all the same', async () => {
  expect(await lookAfter(36_000)).toMatchObject({ slept: 0, waited: { seconds: 36_000 } })
})

test('a clock of the cluster that is ahead of ours makes nobody wait longer', async () => {
  expect((await lookAfter(-5000)).slept).toBe(60)
})

test('nothing is waited for on a local disk, of a job that failed, and of one that ran here', async () => {
  const nothing = { slept: 0, waited: undefined }
  expect(await lookAfter(0, { base: '/' })).toEqual(nothing)
  expect(await lookAfter(0, { state: 'FAILED' })).toEqual(nothing)
  expect(await lookAfter(0, { by: 'local' })).toEqual(nothing)
})
