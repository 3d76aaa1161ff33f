import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkFailedCode, checkMessagesFile, type CheckWork, type TaskWork } from './folder.ts'
import { readCheckEnd, readEnd } from './markers.ts'
import { shells, TestJob } from './test-job.ts'

describe.each(shells.map((shell) => ({ shell })))('started by $shell.0', ({ shell }) => {
  let job: TestJob
  beforeEach(() => {
    job = new TestJob(shell)
  })
  afterEach(() => job.dispose())

  const sh = (line: string, more: Partial<CheckWork> = {}): CheckWork => ({
    words: ['sh', '-c', line],
    env: {},
    ...more,
  })
  const work = (line: string, checks: readonly CheckWork[]): TaskWork => ({
    words: ['sh', '-c', line],
    env: { OWN: 'own', NAME: 'payload' },
    context: 'told',
    checks,
  })
  const write = (payload: TaskWork): void =>
    job.writeWork({ scheduler: 'slurm', cwd: job.root, env: { ALL: 'all' }, payload })

  test('checks run after a payload that ended well, in order, as it did, and leave marks of their own', async () => {
    const check = sh('echo "$NAME $OWN $ALL $PWD"; [ "$NAME" != b ]')
    write(
      work('echo payload', [
        { ...check, env: { NAME: 'a' } },
        { ...check, env: { NAME: 'b' } },
        { ...check, env: { NAME: 'c' } },
      ]),
    )
    const { code, output } = await job.run()
    expect(code).toBe(0)
    const lines = ['payload', ...['a', 'b', 'c'].map((name) => `${name} own all ${job.root}`)]
    expect(output).toBe(`${lines.join('\n')}\n`)
    expect(readEnd(job.folder, 0, 0)).toMatchObject({ code: 0 })
    const ends = [1, 2, 3].map((check) => readCheckEnd(job.folder, 0, 0, check))
    expect(ends).toMatchObject([{ code: 0 }, { code: 1 }, { code: 0 }])
    expect(ends[0]?.started).toBeGreaterThanOrEqual(readEnd(job.folder, 0, 0)?.ended ?? Infinity)
  })

  test('no check runs after a payload that failed, whose code the job has', async () => {
    write(work('exit 3', [sh('echo checked')]))
    expect(await job.run()).toMatchObject({ code: 3, output: '' })
    expect(readCheckEnd(job.folder, 0, 0, 1)).toBeNull()
  })

  test('a check that is to fail the job does, and the next ones run all the same', async () => {
    write(work(':', [sh('exit 7'), sh('exit 8', { failsJob: true }), sh('echo last')]))
    expect(await job.run()).toMatchObject({ code: checkFailedCode, output: 'last\n' })
    expect(readEnd(job.folder, 0, 0)).toMatchObject({ code: 0 })
    write(work(':', [sh('exit 7'), sh('exit 0', { failsJob: true })]))
    expect(await job.run()).toMatchObject({ code: 0 })
  })

  test('signals reach the check that runs; killed with the job it leaves no mark', async () => {
    write(work(':', [sh("trap 'exit 5' USR1; echo ready; while :; do sleep 0.02; done"), sh('echo second')]))
    const first = job.start()
    await job.ready()
    first.child.kill('SIGUSR1')
    expect(await first.ended).toMatchObject({ code: 0, output: 'ready\nsecond\n' })
    expect(readCheckEnd(job.folder, 0, 0, 1)).toMatchObject({ code: 5 })
    write(work(':', [sh('echo "$$ ready"; exec sleep 60')]))
    const second = job.start()
    await job.ready()
    second.child.kill('SIGKILL')
    const { output } = await second.ended
    process.kill(Number(output.split(' ')[0]), 'SIGKILL')
    expect(readEnd(job.folder, 0, 0)).toMatchObject({ code: 0 })
    expect(readCheckEnd(job.folder, 0, 0, 1)).toBeNull()
  })

  test('after SIGTERM no check is begun, whatever the codes, and the marks tell it', async () => {
    write(work("trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done", [sh('echo checked')]))
    const first = job.start()
    await job.ready()
    first.child.kill('SIGTERM')
    expect(await first.ended).toMatchObject({ code: 0, output: 'ready\n' })
    expect(readEnd(job.folder, 0, 0)).toMatchObject({ code: 0, stopped: true })
    write(work(':', [sh('echo ready; exec sleep 60', { failsJob: true }), sh('echo second')]))
    const second = job.start()
    await job.ready()
    second.child.kill('SIGTERM')
    expect((await second.ended).output).not.toContain('second')
    expect(readEnd(job.folder, 0, 0)).toMatchObject({ code: 0, stopped: false })
    expect(readCheckEnd(job.folder, 0, 0, 1)).toMatchObject({ code: 143, stopped: true })
  })

  test('SIGTERM between a payload and its check is none that a check survives', async () => {
    write(work(':', [sh('echo checked')]))
    const messages = checkMessagesFile(job.folder, 0, 1)
    // Where nobody reads it, it stops the shell there.
    execFileSync('mkfifo', [messages])
    const { child, ended } = job.start()
    while (
      readEnd(job.folder, 0, 0) === null ||
      !/\) S /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))
    )
      await new Promise((wake) => setTimeout(wake, 10))
    child.kill('SIGTERM')
    closeSync(openSync(messages, constants.O_RDONLY | constants.O_NONBLOCK))
    expect(await ended).toMatchObject({ code: 0, output: '' })
    expect(readCheckEnd(job.folder, 0, 0, 1)).toBeNull()
  })

  test('each check has a file for messages, each attempt its marks, and tasks of an array their own', async () => {
    const task = (index: number): readonly [number, TaskWork] => [
      index,
      work(':', [
        sh(`echo ${index} >>"$MESSAGES"; [ ${index} = 3 ]`, {
          env: { MESSAGES: checkMessagesFile(job.folder, index, 1) },
        }),
      ]),
    ]
    job.writeWork({ scheduler: 'slurm', cwd: job.root, env: {}, payload: [3, 105].map(task) })
    await job.run({ SLURM_ARRAY_TASK_ID: '3' })
    await job.run({ SLURM_ARRAY_TASK_ID: '105' })
    await job.run({ SLURM_ARRAY_TASK_ID: '105', SLURM_RESTART_COUNT: '1' })
    expect([3, 105].map((index) => readCheckEnd(job.folder, index, 0, 1)?.code)).toEqual([0, 1])
    expect(readCheckEnd(job.folder, 105, 1, 1)).toMatchObject({ code: 1 })
    expect(readFileSync(checkMessagesFile(job.folder, 105, 1), 'utf8')).toBe(
      '105\n\n{"waybill_attempt": 1}\n105\n',
    )
  })
})
