import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { localEnded, openInLedger } from './support/after-kill.ts'
import { makeGate } from './support/gate.ts'
import { jobEnded } from './support/job.ts'
import { finish, openJobs, sandboxWithDataset, schedule, status, tell } from './support/scenario.ts'
import type { Sandbox } from './support/sandbox.ts'

/** Starts `waybill run` as a leader of its own process group, whose number it writes to `pid`. */
function inForeground(
  box: Sandbox,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ReturnType<Sandbox['run']> {
  const script = 'echo $$ >../pid; exec waybill run "$@"'
  return box.run(['setsid', '-w', 'sh', '-c', script, 'sh', ...words], { cwd: 'ds', env, allowFailure: true })
}

/** Sends a signal to the whole group, as a terminal does. */
async function signal(box: Sandbox, name: string): Promise<void> {
  await box.run(['sh', '-c', `kill -s ${name} -- -${box.read('pid').trim()}`])
}

test.each(['INT', 'TERM', 'HUP'])(
  'SIG%s ends the waiting, not the job; it is said how to come back, and finish records it',
  async (name) => {
    await using box = await sandboxWithDataset()
    const gate = makeGate(box)
    const running = inForeground(box, ['-o', 'x', 'sh', '-c', `echo seen; ${gate.line}; echo 1 >x`])
    await gate.reached()
    await signal(box, name)
    const ran = await running
    expect(ran.code, ran.stderr).toBe(130)
    for (const way of ['waybill finish w1', 'waybill logs -f w1', 'waybill cancel w1'])
      expect(ran.stderr).toContain(way)
    expect(await openJobs(box)).toEqual(['w1'])
    await gate.open()
    await localEnded(box, 'w1')
    await finish(box, ['w1'])
    expect(box.read('ds/x')).toBe('1\n')
    expect(await status(box)).toBe('')
  },
)

test('Ctrl-C while a Slurm job runs: it goes on, and nothing else is submitted', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const running = inForeground(box, ['-o', 'x', 'sbatch', 'job.sh', `${gate.line}; echo 1 >x`])
  await gate.reached()
  await signal(box, 'INT')
  const ran = await running
  expect(ran.code, ran.stderr).toBe(130)
  expect(ran.stderr).toContain('job w1 goes on')
  await gate.open()
  const [job] = await openInLedger(box)
  await jobEnded(box, job?.scheduler_id ?? '')
  await finish(box, ['w1'])
  expect(await status(box)).toBe('')
})

test('a finish elsewhere records it meanwhile: that is said, and the exit code is 0', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const running = inForeground(box, ['-o', 'x', 'sh', '-c', `${gate.line}; echo 1 >x`])
  await gate.reached()
  await signal(box, 'STOP')
  await gate.open()
  await localEnded(box, 'w1')
  await finish(box, ['w1'])
  await signal(box, 'CONT')
  const ran = await running
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.stderr).toContain('another finish recorded it, as ')
})

test('a command that waits for a slot is waited for, and can be cancelled from elsewhere', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const env = { WAYBILL_LOCAL_SLOTS: '1' }
  await schedule(box, ['-o', 'a', 'sh', '-c', `${gate.line}; echo 1 >a`], { env })
  await gate.reached()
  const running = tell(box, ['run', '-o', 'b', 'sh', '-c', 'echo 1 >b'], { env })
  await expect.poll(async () => (await openInLedger(box)).length, { timeout: 20_000 }).toBe(2)
  await expect.poll(async () => (await tell(box, ['cancel', 'w2'])).code, { timeout: 20_000 }).toBe(0)
  const ran = await running
  expect(ran.code).toBe(1)
  expect(ran.words).toContain('[exit code 1; CANCELLED]')
  await gate.open()
  await localEnded(box, 'w1')
  expect(readdirSync(box.path('ds'))).not.toContain('b')
})

test('what a command wrote while nobody looked is shown all the same', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const env = { WAYBILL_LOCAL_SLOTS: '1' }
  await schedule(box, ['-o', 'a', 'sh', '-c', `${gate.line}; echo 1 >a`], { env })
  await gate.reached()
  const running = inForeground(box, ['-o', 'b', 'sh', '-c', 'echo out; echo err >&2; echo 1 >b'], env)
  await expect.poll(async () => (await openInLedger(box))[1]?.scheduler_id, { timeout: 20_000 }).toBe('w2')
  await signal(box, 'STOP')
  await gate.open()
  await localEnded(box, 'w2')
  await signal(box, 'CONT')
  const ran = await running
  expect(ran.stdout).toBe('out\n')
  expect(ran.stderr).toMatch(/^err\n/)
})
