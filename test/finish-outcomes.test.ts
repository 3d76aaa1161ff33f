import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded, jobIs } from './support/job.ts'
import {
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'

const write = ['sbatch', 'job.sh', 'echo 1 >out'] as const

test('by the id of Slurm or by ours, only the named job is recorded', async () => {
  await using box = await sandboxWithDataset()
  const jobs = [
    await schedule(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a']),
    await schedule(box, ['-o', 'b', 'sbatch', 'job.sh', 'echo 1 >b']),
    await schedule(box, ['-o', 'c', 'sbatch', 'job.sh', 'echo 1 >c']),
  ] as const
  for (const { id } of jobs) await jobEnded(box, id)
  await finish(box, [String(jobs[1].id)])
  expect(await openJobs(box)).toEqual(['w1', 'w3'])
  await finish(box, ['w3'])
  expect(await openJobs(box)).toEqual(['w1'])
  await finish(box, ['--slurm-job-id', String(jobs[0].id)])
  expect(await openJobs(box)).toEqual([])
  const titles = await box.git('ds', 'log', '-3', '--format=%s')
  expect(titles.split('\n')).toEqual(
    [jobs[0], jobs[2], jobs[1]].map(({ id }) => `[DATALAD SLURM RUN] Slurm job ${id}: Completed`),
  )
  const again = await tell(box, ['finish', 'w3'])
  expect(again.code).toBe(0)
  expect(again.words).toContain('already recorded, as')
  const none = await tell(box, ['finish'])
  expect(none.results.map(({ status: how }) => how)).toEqual(['notneeded'])
})

test('a job that waits or runs stays open, with exit code 1 and the words of datalad-slurm', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const waits = await schedule(box, ['-o', 'w', 'sbatch', '--hold', 'job.sh', 'true'])
  const runs = await schedule(box, ['-o', 'out', 'sbatch', 'job.sh', gate.line])
  await gate.reached()
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const told = await box.waybill(['finish'], { cwd: 'ds', allowFailure: true })
  expect(told.code).toBe(1)
  const lines = told.stdout.split('\n')
  expect(lines).toContain(
    `finish(impossible): [Slurm job(s) for job ${runs.id} are not complete.Statuses: ${runs.id}: RUNNING]`,
  )
  expect(lines).toContain(
    `finish(impossible): [Slurm job(s) for job ${waits.id} are not complete.Statuses: ${waits.id}: PENDING]`,
  )
  const closing = await tell(box, ['finish', '--close-failed-jobs', '--commit-failed-jobs'])
  expect(closing.code).toBe(1)
  expect(await openJobs(box)).toEqual(['w1', 'w2'])
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(head)
  await gate.open()
  await box.run(['scancel', String(waits.id)])
})

test('a failed job stays open, until it is closed or committed', async () => {
  await using box = await sandboxWithDataset()
  const first = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a; exit 3'])
  const second = await scheduleToEnd(box, ['-o', 'b', 'sbatch', 'job.sh', 'echo 1 >b; exit 4'])
  const third = await scheduleToEnd(box, ['-o', 'c', 'sbatch', 'job.sh', 'echo 1 >c; kill -9 $$'])
  const kept = await tell(box, ['finish'])
  expect(kept.code).toBe(1)
  expect(kept.words).toContain(
    `Slurm job(s) for job ${first.id} are not complete.Statuses: ${first.id}: FAILED`,
  )
  expect(await openJobs(box)).toEqual(['w1', 'w2', 'w3'])
  const closed = await finish(box, ['--close-failed-jobs', first.job])
  expect(closed.words).toContain(`Closing failed / cancelled jobs. Statuses: ${first.id}: FAILED`)
  expect(box.read('ds/a')).toBe('1\n')
  await finish(box, ['--commit-failed-jobs', second.job])
  const committed = await recordOf(box)
  expect(committed.title).toBe(`[DATALAD SLURM RUN] Slurm job ${second.id}: Failed`)
  expect(committed.record.waybill).toMatchObject({ state: 'FAILED', exit_code: 4 })
  expect(await changesOf(box)).toContain('A b')
  await finish(box, ['--accept-failed-jobs', third.job])
  expect(await openJobs(box)).toEqual([])
  expect((await recordOf(box)).title).toContain('Failed')
})

test('a cancelled job says so in its title', async () => {
  await using box = await sandboxWithDataset()
  const cancelled = await schedule(box, ['-o', 'a', 'sbatch', 'job.sh', 'echo 1 >a; sleep 100'])
  await jobIs(box, cancelled.id, 'RUNNING')
  expect((await tell(box, ['cancel', cancelled.job])).code).toBe(0)
  await jobEnded(box, cancelled.id)
  await finish(box, ['--commit-failed-jobs'])
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${cancelled.id}: Cancelled`)
  expect(record.waybill['state']).toBe('CANCELLED')
})

test('an array that failed in part stays open, names its tasks, and is recorded with both outcomes', async () => {
  await using box = await sandboxWithDataset()
  const command = 'echo $SLURM_ARRAY_TASK_ID >out/$SLURM_ARRAY_TASK_ID; test $SLURM_ARRAY_TASK_ID != 2'
  await box.run(['mkdir', 'ds/out'])
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', '--array=0-2', 'job.sh', command])
  const kept = await tell(box, ['finish'])
  expect(kept.code).toBe(1)
  expect(kept.words).toContain(
    `are not complete.Statuses: ${id}_0: COMPLETED, ${id}_1: COMPLETED, ${id}_2: FAILED`,
  )
  // The exit code of a task is known to accounting alone.
  await finish(box, ['--commit-failed-jobs'], { env: { WAYBILL_FACTS_WAIT: undefined } })
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Array failed (some complete)`)
  expect(record.waybill['tasks']).toEqual(['0-1 COMPLETED', '2 FAILED 1:0'])
  expect(await changesOf(box)).toEqual(
    expect.arrayContaining([
      'A out/0',
      'A out/1',
      'A out/2',
      ...[0, 1, 2].map((n) => `A slurm-${id}_${n}.out`),
    ]),
  )
  expect(await status(box)).toBe('')
})

test('the messages of schedule and of finish both stand in the record', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-m', 'first words\nof two lines', '-o', 'out', ...write])
  await finish(box, ['-m', 'later words'])
  const { message } = await recordOf(box)
  expect(message).toContain('first words\nof two lines')
  expect(message).toContain('later words')
})

test('outputs that the user has committed already: the record is made on an unchanged tree', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'])
  await box.git('ds', 'add', 'out')
  await box.git('ds', 'commit', '-q', '-m', 'Keep it myself')
  await finish(box)
  expect((await recordOf(box)).record['slurm_job_id']).toBe(id)
  expect((await changesOf(box)).filter((change) => change.endsWith(' out'))).toEqual([])
})

test('a Slurm job that changed nothing has its record all the same', async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'out', ...write])
  await finish(box)
  const { id } = await scheduleToEnd(box, ['-o', 'out', ...write])
  await finish(box)
  expect((await recordOf(box)).record['slurm_job_id']).toBe(id)
})

test('records come in the order in which the jobs ended', async () => {
  await using box = await sandboxWithDataset()
  const late = await schedule(box, ['-o', 'a', 'sbatch', '--hold', 'job.sh', 'echo 1 >a'])
  const early = await schedule(box, ['-o', 'b', 'sbatch', 'job.sh', 'echo 1 >b'])
  await jobAccounted(box, early.id)
  // Ends are known to the second.
  await box.run(['sleep', '1.1'])
  await box.run(['scontrol', 'release', String(late.id)])
  await jobEnded(box, late.id)
  await finish(box)
  expect((await box.git('ds', 'log', '-2', '--format=%s')).split('\n')).toEqual(
    [late, early].map(({ id }) => `[DATALAD SLURM RUN] Slurm job ${id}: Completed`),
  )
})

test("the user's own staged and unstaged changes stay as they were", async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/mine.txt', 'one\n')
  await box.git('ds', 'add', 'mine.txt')
  await box.git('ds', 'commit', '-q', '-m', 'Mine')
  await scheduleToEnd(box, ['-o', 'out', ...write])
  box.write('ds/staged.txt', 'staged\n')
  box.write('ds/mine.txt', 'two\n')
  await box.git('ds', 'add', 'staged.txt', 'mine.txt')
  box.write('ds/mine.txt', 'three\n')
  box.write('ds/untracked.txt', 'x\n')
  const before = await status(box)
  await finish(box)
  expect((await status(box)).split('\n').toSorted()).toEqual(
    before
      .split('\n')
      .filter((line) => !/ (out|slurm-\d+\.out)$/.test(line))
      .toSorted(),
  )
  expect(await box.git('ds', 'show', ':mine.txt')).toBe('two')
  await box.git('ds', 'commit', '-q', '-m', 'My next commit')
  expect(await changesOf(box)).toEqual(['A staged.txt', 'M mine.txt'])
})

test('the open jobs are listed as datalad-slurm lists them', async () => {
  await using box = await sandboxWithDataset()
  expect((await box.waybill(['finish', '-l'], { cwd: 'ds' })).stdout).toBe('There are no open jobs.\n')
  await schedule(box, ['-o', 'other', 'sbatch', '--hold', 'job.sh', 'true'])
  const { id } = await scheduleToEnd(box, ['-o', 'out', ...write])
  expect((await box.waybill(['finish', '-l', '99'], { cwd: 'ds' })).stdout).toBe(
    'None of these jobs is open.\n',
  )
  const since = await box.waybill(['finish', '-l', '--since', 'HEAD'], { cwd: 'ds', allowFailure: true })
  expect(since.code).toBe(2)
  expect(
    (await box.waybill(['finish', '--slurm-job-id', String(id), '--list-open-jobs'], { cwd: 'ds' })).stdout,
  ).toBe(
    `The following jobs are open:\nslurm-job-id   slurm-job-status\n${String(id).padEnd(10)} COMPLETED\n`,
  )
  expect(await openJobs(box)).toEqual(['w1', 'w2'])
  await box.waybill(['cancel', 'w1'], { cwd: 'ds' })
})
