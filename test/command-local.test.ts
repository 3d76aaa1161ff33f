import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
} from './support/scenario.ts'

interface Listed {
  readonly job: string
  readonly state: string
  readonly word: string
}

async function listed(box: Sandbox): Promise<readonly Listed[]> {
  return (await tell(box, ['jobs'])).results as unknown as readonly Listed[]
}

/** Waits until no open job of the dataset waits or runs. */
async function allEnded(box: Sandbox): Promise<void> {
  await expect
    .poll(async () => (await listed(box)).map(({ state }) => state).filter((one) => one !== 'ended'), {
      timeout: 30_000,
    })
    .toEqual([])
}

test('a command on this machine runs, is recorded as DataLad records a run, and leaves a clean tree', async () => {
  await using box = await sandboxWithDataset()
  const told = await schedule(box, [
    '-m',
    'make it',
    '-o',
    'out',
    'sh',
    '-c',
    'mkdir out; echo said; echo 1 >out/x',
  ])
  expect(told.job).toBe('w1')
  await allEnded(box)
  await finish(box)
  const { title, record } = await recordOf(box)
  expect(title).toBe('[DATALAD RUNCMD] make it')
  expect(record).toMatchObject({
    cmd: "sh -c 'mkdir out; echo said; echo 1 >out/x'",
    exit: 0,
    outputs: ['out'],
    pwd: '.',
  })
  expect(await changesOf(box)).toEqual(['A out/x'])
  expect(await status(box)).toBe('')
})

test('a failing command stays open with its exit code, and can be committed', async () => {
  await using box = await sandboxWithDataset()
  await schedule(box, ['-o', 'out', 'sh', '-c', 'echo 1 >out; exit 5'])
  await allEnded(box)
  const kept = await tell(box, ['finish'])
  expect(kept.code).toBe(1)
  expect(kept.words).toContain('job w1 is not complete. Statuses: w1: FAILED')
  await finish(box, ['--commit-failed-jobs'])
  expect((await recordOf(box)).record['exit']).toBe(5)
})

test('a command that does not exist is a failed job whose log says so', async () => {
  await using box = await sandboxWithDataset()
  await schedule(box, ['-o', 'out', 'no-such-command-here'])
  await allEnded(box)
  expect((await listed(box))[0]?.word).toBe('FAILED')
  expect((await box.waybill(['logs', 'w1'], { cwd: 'ds' })).stdout).toContain('no-such-command-here')
})

test('an array runs once for each index, and is recorded as one', async () => {
  await using box = await sandboxWithDataset()
  const line =
    'mkdir -p out; echo $WAYBILL_ARRAY_TASK_ID >out/$WAYBILL_ARRAY_TASK_ID; test $WAYBILL_ARRAY_TASK_ID != 7'
  await schedule(box, ['-o', 'out', '--array', '1,3,7-9:2%2', 'sh', '-c', line])
  await allEnded(box)
  const kept = await tell(box, ['finish'])
  expect(kept.words).toContain('w1_1: COMPLETED, w1_3: COMPLETED, w1_7: FAILED, w1_9: COMPLETED')
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toEqual(['A out/1', 'A out/3', 'A out/7', 'A out/9'])
  expect((await recordOf(box)).record.waybill['tasks']).toEqual(['1,3,9 COMPLETED', '7 FAILED 1:0'])
})

test('no more run at once than there are slots, and the next starts though no command of ours runs', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const env = { WAYBILL_LOCAL_SLOTS: '1' }
  await schedule(box, ['-o', 'a', 'sh', '-c', `${gate.line}; echo 1 >a`], { env })
  await gate.reached()
  await schedule(box, ['-o', 'b', 'sh', '-c', 'echo 1 >b'], { env })
  expect((await listed(box)).map(({ state }) => state)).toEqual(['running', 'pending'])
  await gate.open()
  await expect.poll(() => box.exists('ds/b'), { timeout: 20_000 }).toBe(true)
  await allEnded(box)
  await finish(box)
  expect((await box.git('ds', 'log', '--format=%s', '-2')).match(/RUNCMD/g)).toHaveLength(2)
})

test('a cancelled command ends with all it started, and is closed', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await schedule(box, ['-o', 'a', 'sh', '-c', `sleep 1000 & echo $! >child; ${gate.line}`])
  await gate.reached()
  const told = await tell(box, ['cancel', 'w1'])
  expect(told.code).toBe(0)
  await allEnded(box)
  expect((await listed(box))[0]?.word).toBe('CANCELLED')
  // Gone, or waiting for whoever adopted it to notice.
  const stat = `/proc/${box.read('ds/child').trim()}/stat`
  await expect
    .poll(() => (existsSync(stat) ? readFileSync(stat, 'utf8').split(') ')[1]?.[0] : 'Z'), {
      timeout: 10_000,
    })
    .toBe('Z')
  const closed = await finish(box, ['--close-failed-jobs'])
  expect(closed.words).toContain('Closing failed / cancelled jobs. Statuses: w1: CANCELLED')
})

test('a command that changed nothing needs no commit', async () => {
  await using box = await sandboxWithDataset()
  await schedule(box, ['-o', 'job.sh', 'true'])
  await allEnded(box)
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await finish(box)
  expect(told.results.map(({ status: how }) => how)).toEqual(['notneeded'])
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  expect(await openJobs(box)).toEqual([])
})

test('a job survives the end of the terminal it was started from', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  // script(1) gives a terminal; when its shell ends, the kernel hangs up on all that belong to it.
  const line = `waybill schedule -o out sh -c '${gate.line.replaceAll("'", '"')}; echo survived >out'`
  box.write('start.sh', `cd ds\n${line}\n`)
  await box.run(['script', '-qec', 'sh start.sh', '/dev/null'])
  await gate.open()
  await allEnded(box)
  await finish(box)
  expect(box.read('ds/out')).toBe('survived\n')
})

test("--scheduler local runs even a script for sbatch here; environment, directory and blanks are the user's", async () => {
  await using box = await sandboxWithDataset()
  await box.run(['mkdir', 'ds/sub dir'])
  const print = 'printf "%s|%s|%s\\n" "$1" "$MY_WORD" "$(pwd)" >"out put"'
  await schedule(box, ['-o', 'out put', '--scheduler', 'local', 'sh', '-c', print, 'sh', "it's  two"], {
    cwd: 'ds/sub dir',
    env: { MY_WORD: 'an ünï word' },
  })
  await allEnded(box)
  await finish(box)
  expect(box.read('ds/sub dir/out put')).toBe(`it's  two|an ünï word|${box.path('ds/sub dir')}\n`)
  expect((await recordOf(box)).record).toMatchObject({ pwd: 'sub dir', outputs: ['out put'] })
})

test('the log of a command is followed to its end', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  await schedule(box, ['-o', 'out', 'sh', '-c', `echo first; ${gate.line}; echo last >&2; echo 1 >out`])
  await gate.reached()
  expect((await box.waybill(['logs', 'w1'], { cwd: 'ds' })).stdout).toBe('first\n')
  const following = box.waybill(['logs', '-f', 'w1'], { cwd: 'ds' })
  await gate.open()
  expect((await following).stdout).toBe('first\nlast\n')
})

test("members of a group run commands in one clone, and see each other's", async () => {
  await using box = await sandboxWithDataset()
  await box.run(['git', 'clone', '-q', '-c', 'core.sharedRepository=group', 'ds', 'shared'])
  await box.run([
    'sh',
    '-c',
    `cd shared && chgrp -R ${box.group} . && chmod -R g+w . && find . -type d -exec chmod g+s {} +`,
  ])
  for (const as of ['user', 'peer'] as const) {
    await box.run(['git', 'config', '--global', '--add', 'safe.directory', '*'], { as })
  }
  await schedule(box, ['-o', 'mine', 'sh', '-c', 'echo 1 >mine'], { cwd: 'shared' })
  await schedule(box, ['-o', 'theirs', 'sh', '-c', 'echo 1 >theirs'], { cwd: 'shared', as: 'peer' })
  for (const as of ['user', 'peer'] as const) {
    await expect
      .poll(
        async () =>
          (await tell(box, ['jobs'], { cwd: 'shared', as })).results.map(
            (one) => (one as unknown as Listed).state,
          ),
        { timeout: 20_000 },
      )
      .toEqual(['ended', 'ended'])
  }
})
