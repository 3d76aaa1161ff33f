import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { JobReference } from '../contract/scheduler.ts'
import { jobFolder } from './layout.ts'
import { eventually, makeGate, makeSite, reached } from './test-site.ts'
import type { Site } from './test-site.ts'

let site: Site
afterEach(() => site.remove())

describe('what a submission knows of the environment', { timeout: 60_000 }, () => {
  /** How many bytes of it there are. */
  const bytes = (job: JobReference): number =>
    statSync(join(jobFolder(job.folder), 'command.sh'), { throwIfNoEntry: false })?.size ?? 0

  test('is gone as soon as the command runs', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', 'cat gate')
    const way = await reached(gate)
    expect(bytes(job)).toBe(0)
    await way.close()
    expect(await site.whenOver(job)).toMatchObject([{ state: 'COMPLETED' }])
  })

  test('stays until the last task of an array has it', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const job = await site.submit('w1', '[ $WAYBILL_ARRAY_TASK_ID = 1 ] || cat gate', '0-2')
    await (await reached(gate)).close()
    const way = await eventually('the last task', async () => {
      const rows = await site.rows(job)
      return rows.some((row) => row.task === 2 && row.state === 'RUNNING') ? reached(gate) : null
    })
    expect(bytes(job)).toBe(0)
    await way.close()
    expect((await site.whenOver(job)).map((row) => row.state)).toEqual(Array(3).fill('COMPLETED'))
  })

  test('goes with the next look where a task never read it', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    const first = await site.submit('w1', 'cat gate')
    const waiting = await site.submit('w2', 'exit 0')
    const way = await reached(gate)
    expect(bytes(waiting)).toBeGreaterThan(0)
    expect(await site.scheduler.cancel([waiting])).toEqual([{ kind: 'asked' }])
    await site.rows(waiting)
    expect(bytes(waiting)).toBe(0)
    await way.close()
    await site.whenOver(first)
  })
})

describe('a clone shared by a group', { timeout: 60_000 }, () => {
  test('shows all of a job but its command and environment to the group', async () => {
    site = makeSite(1)
    const gate = makeGate(site.dir)
    mkdirSync(join(site.dir, 'jobs/w1'), { recursive: true })
    chmodSync(join(site.dir, 'jobs/w1'), 0o2770)
    const job = await site.submit('w1', 'cat gate')
    const waiting = await site.submit('w2', 'exit 0')
    const way = await reached(gate)
    const folder = jobFolder(waiting.folder)
    expect(statSync(join(folder, 'command.sh')).mode & 0o777).toBe(0o600)
    expect(await site.scheduler.cancel([job])).toEqual([{ kind: 'asked' }])
    await site.whenOver(job)
    await way.close()
    const shown = [
      'cancel',
      'job.json',
      'submitted',
      ...['cancel', 'end', 'log', 'payload', 'start'].map((kind) => `t/job.${kind}`),
    ]
    const modes = shown.map((name) => statSync(join(jobFolder(job.folder), name)).mode & 0o777)
    expect(modes).toEqual(shown.map(() => 0o640))
    expect(statSync(join(jobFolder(job.folder), 't')).mode & 0o777).toBe(0o750)
    await site.whenOver(waiting)
  })

  test('a job whose folder cannot be read leaves the others to be told', async () => {
    site = makeSite(1)
    const [good, bad] = [await site.submit('w1', 'exit 0'), await site.submit('w2', 'exit 0')]
    await site.whenOver(good)
    await site.whenOver(bad)
    const description = join(jobFolder(bad.folder), 'job.json')
    rmSync(description)
    mkdirSync(description)
    const { queue } = await site.scheduler.look([bad, good], { depth: 'states' })
    if (!queue.answered) throw new Error(queue.message)
    expect(queue.rows).toMatchObject([{ job: 'w1', state: 'COMPLETED' }])
    expect([...(queue.unheard ?? [])]).toMatchObject([['w2', { answered: false, why: 'failed' }]])
  })
})
