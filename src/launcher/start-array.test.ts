import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contextFile, messagesFile, type TaskWork, type Work } from './folder.ts'
import { listMarkers, readEnd, readStart } from './markers.ts'
import { shells, TestJob } from './test-job.ts'

describe.each(shells.map((shell) => ({ shell })))('started by $shell.0', ({ shell }) => {
  let job: TestJob
  beforeEach(() => {
    job = new TestJob(shell)
  })
  afterEach(() => job.dispose())

  const end = (task: number): unknown => readEnd(job.folder, task, 0)

  test('each task of an array has its own words, variables and context, each attempt its own markers', async () => {
    const task = (
      index: number,
    ): readonly [number, { words: string[]; env: Record<string, string>; context: string }] => [
      index,
      {
        words: ['sh', '-c', 'echo "$KEY" "$1" "$ALL"', 'sh', `w\n'${index}`],
        env: { KEY: `k ${index}` },
        context: `c${index}`,
      },
    ]
    const work: Work = {
      shared: null,
      scheduler: 'slurm',
      cwd: job.root,
      env: { ALL: 'all' },
      payload: [0, 7, 199, 99_999].map(task),
    }
    job.writeWork(work)
    for (const index of [0, 7, 199, 99_999]) {
      expect(await job.run({ SLURM_ARRAY_TASK_ID: String(index) })).toMatchObject({
        code: 0,
        output: `k ${index} w\n'${index} all\n`,
      })
      expect(readFileSync(contextFile(job.folder, index), 'utf8')).toBe(`c${index}`)
      expect(end(index)).toMatchObject({ code: 0 })
    }
    expect(await job.run({ SLURM_ARRAY_TASK_ID: '8' })).toMatchObject({ code: 125 })
    expect(await job.run({ SLURM_ARRAY_TASK_ID: '7', SLURM_RESTART_COUNT: '2' })).toMatchObject({ code: 0 })
    // A scheduler that does not count.
    expect(await job.run({ SLURM_ARRAY_TASK_ID: '7' })).toMatchObject({ code: 0 })
    expect(
      listMarkers(job.folder)
        .filter((marker) => marker.task === 7 && marker.kind === 'end')
        .map(({ attempt }) => attempt)
        .toSorted(),
    ).toEqual([0, 1, 2])
    expect(readFileSync(messagesFile(job.folder, 7), 'utf8')).toBe(
      '\n{"waybill_attempt": 2}\n\n{"waybill_attempt": 1}\n',
    )
    job.writeWork({ ...work, scheduler: 'local' })
    const inSlurm = {
      SLURM_ARRAY_TASK_ID: '0',
      SLURM_RESTART_COUNT: '3',
      SLURMD_NODENAME: 'n9',
      SLURM_JOB_ID: '9',
    }
    const local = { ...inSlurm, WAYBILL_ARRAY_TASK_ID: '7' }
    // Its scheduler tells all that markers would: the shell that starts the payload becomes it.
    expect(await job.run(local)).toMatchObject({ code: 0, output: `k 7 w\n'7 all\n` })
    expect(readFileSync(contextFile(job.folder, 7), 'utf8')).toBe('c7')
    expect(readFileSync(messagesFile(job.folder, 7), 'utf8')).toBe('')
    expect(listMarkers(job.folder)).toEqual([])
    const check = { words: ['true'], env: {} }
    const checked = [0, 7].map((index) => {
      const [, own] = task(index)
      return [index, { ...own, checks: [check] }] as const
    })
    job.writeWork({ ...work, scheduler: 'local', payload: checked })
    expect(await job.run(local)).toMatchObject({ code: 0 })
    expect(end(7)).toMatchObject({ code: 0 })
    expect(readStart(job.folder, 7, 0)).toMatchObject({ host: hostname(), job: null })
  })

  test('a task runs as usual where its folder has no room for what it finds out of its host', async () => {
    const words = ['sh', '-c', 'grep SigIgn /proc/$$/status']
    job.writeWork({
      scheduler: 'slurm',
      cwd: job.root,
      env: {},
      payload: [[0, { words, env: {}, context: null }]],
    })
    symlinkSync('gone/env', join(job.folder, 'env.n1'))
    const ran = await job.run({ SLURM_ARRAY_TASK_ID: '0', SLURMD_NODENAME: 'n1' })
    expect(ran).toMatchObject({ code: 0, output: expect.stringMatching(/^SigIgn:\t0+\n$/) })
  })
})

test('of the tasks of a large array only those of one file are kept in memory', () => {
  const job = new TestJob(['sh'])
  const written = (file: number): boolean => existsSync(join(job.folder, `table/${file}`))
  function* tasks(): Generator<readonly [number, TaskWork]> {
    for (const index of [0, 99, 100, 305]) {
      if (index === 305) expect([written(0), written(1), written(3)]).toEqual([true, false, false])
      yield [index, { words: [`w${index}`], env: {}, context: null }]
    }
  }
  job.writeWork({ scheduler: 'slurm', cwd: '/', env: {}, payload: tasks() })
  expect(readdirSync(join(job.folder, 'table')).toSorted()).toEqual(['0', '1', '3'])
  job.dispose()
})
