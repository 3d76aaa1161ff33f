import { describe, expect, test } from 'vitest'
import type { SchedulerJobId } from '../contract/ids.ts'
import type { QueueWish, Row } from '../contract/scheduler.ts'
import { noLimits, type UserLimits } from './limits.ts'
import { isWide, roomBeside } from './room.ts'

const config = { maxArraySize: 101, maxJobCount: 50, enforcesLimits: true }

const limits: UserLimits = {
  associations: [
    { account: 'lab', partition: '', maxSubmitJobs: 4, defaultQos: null },
    { account: 'lab', partition: 'gpu', maxSubmitJobs: 2, defaultQos: 'short' },
    { account: 'other', partition: '', maxSubmitJobs: null, defaultQos: null },
  ],
  defaultAccount: 'lab',
  perUser: new Map([['short', 3]]),
}

function wish(tasks = 1, where: Partial<QueueWish> = {}): QueueWish {
  return { account: null, qos: null, partition: null, highestIndex: null, ...where, tasks }
}

/** A line of the queue: by default of account lab, QOS normal, waiting. */
function row(facts: Row['facts'] = {}, state = 'PENDING', folded: string | null = null): Row {
  return {
    job: '1' as SchedulerJobId,
    cluster: null,
    task: null,
    folded,
    component: null,
    state,
    reason: null,
    exit: null,
    submitted: null,
    started: null,
    ended: null,
    user: 'u',
    facts: { account: 'lab', qos: 'normal', ...facts },
  }
}

test('room is wide where nothing limits the user, and the controller has room for as many again', () => {
  const rows = Array.from({ length: 24 }, () => row())
  expect(isWide(rows, noLimits, config)).toBe(true)
  expect(isWide([...rows, row()], noLimits, config)).toBe(false)
  expect(isWide([row({}, 'PENDING', '0-30')], noLimits, config)).toBe(false)
  expect(isWide([], limits, config)).toBe(false)
  expect(isWide([], limits, { ...config, enforcesLimits: false })).toBe(true)
  expect(isWide([], noLimits, null)).toBe(false)
})

describe('room', () => {
  test('is what a limit leaves beside the jobs that wait or run, and what was admitted', () => {
    const room = roomBeside([row(), row({}, 'RUNNING'), row({}, 'COMPLETED')], limits, config)
    expect(room.admit(wish()).kind).toBe('fits')
    expect(room.admit(wish()).kind).toBe('fits')
    expect(room.admit(wish())).toEqual({
      kind: 'full',
      why: { kind: 'limit', limit: 'MaxSubmitJobs', of: 'account lab', most: 4 },
    })
    // Another account has room.
    expect(room.admit(wish(1, { account: 'other' })).kind).toBe('fits')
  })

  test('counts the tasks of arrays, folded ones too', () => {
    const room = roomBeside([row({}, 'PENDING', '0-1,7')], limits, config)
    expect(room.admit(wish(2)).kind).toBe('full')
    expect(roomBeside([], limits, config).admit(wish(5))).toMatchObject({ kind: 'never' })
  })

  test('a partition with an association of its own counts by itself, and brings its QOS', () => {
    const room = roomBeside([row({ partition: 'gpu', qos: 'short' })], limits, config)
    expect(room.admit(wish(4)).kind).toBe('fits')
    expect(room.admit(wish(1, { partition: 'gpu' })).kind).toBe('fits')
    expect(room.admit(wish(1, { partition: 'gpu' }))).toMatchObject({ why: { most: 2 } })
    expect(room.admit(wish(4, { account: 'other', qos: 'short' }))).toMatchObject({
      kind: 'never',
      why: { limit: 'MaxSubmitJobsPerUser', of: 'QOS short', most: 3 },
    })
  })

  test('what is behind a job that did not fit waits, too, when it is of its kind', () => {
    const room = roomBeside([row()], limits, config)
    expect(room.admit(wish(4)).kind).toBe('full')
    expect(room.admit(wish(1)).kind).toBe('full')
    expect(room.admit(wish(1, { account: 'other' })).kind).toBe('fits')
  })

  test('the cluster’s own limits: its array indices, and the jobs that it remembers, ended ones too', () => {
    const room = roomBeside(
      Array.from({ length: 48 }, () => row({}, 'COMPLETED')),
      noLimits,
      config,
    )
    expect(room.admit(wish(1, { highestIndex: 101 }))).toMatchObject({
      why: { limit: 'MaxArraySize', most: 101 },
    })
    expect(room.admit(wish(1, { highestIndex: 100 })).kind).toBe('fits')
    expect(room.admit(wish(1))).toMatchObject({ kind: 'full', why: { limit: 'MaxJobCount' } })
    expect(room.admit(wish(50))).toMatchObject({ kind: 'never', why: { limit: 'MaxJobCount' } })
  })

  test('limits that are not enforced, or of which nothing is known, limit nothing', () => {
    expect(roomBeside([row()], limits, { ...config, enforcesLimits: false }).admit(wish(9)).kind).toBe('fits')
    expect(roomBeside([row()], noLimits, null).admit(wish(1000, { highestIndex: 99_999 })).kind).toBe('fits')
  })

  test('a refusal teaches: nothing of that kind is admitted any more', () => {
    const room = roomBeside([], noLimits, null)
    expect(room.refused(wish(1, { account: 'lab' }), 'AssocGrpSubmitJobsLimit')).toEqual({
      kind: 'limit',
      limit: 'AssocGrpSubmitJobsLimit',
      of: 'account lab',
      most: null,
    })
    expect(room.admit(wish(1, { account: 'lab' })).kind).toBe('full')
    expect(room.admit(wish(1, { account: 'other' })).kind).toBe('fits')
  })
})
