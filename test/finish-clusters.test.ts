import { expect, test, vi } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded, jobIs } from './support/job.ts'
import {
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
} from './support/scenario.ts'

// A cluster that is one scenario's alone may have to be waited for, and a requeued job waits for two minutes at worst.
vi.setConfig({ testTimeout: 240_000 })

const write = ['-o', 'out', 'sbatch', 'job.sh', 'echo 1 >out'] as const

interface Attempt {
  readonly state: string
}

test('without accounting, jobs are recorded by the queue, and the record says what could not be learned', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id } = await schedule(box, write)
  await jobEnded(box, id)
  await finish(box, [], { env: { WAYBILL_FACTS_WAIT: undefined } })
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
  expect(record.waybill).toMatchObject({ state: 'COMPLETED', accounting: 'off' })
})

test('an array without accounting is recorded task by task', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const line = 'mkdir -p out; date >out/$SLURM_ARRAY_TASK_ID; test $SLURM_ARRAY_TASK_ID = 0'
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', '-a', '0-1', 'job.sh', line])
  await jobEnded(box, id)
  const kept = await tell(box, ['finish'])
  expect(kept.words).toContain(`${id}_0: COMPLETED, ${id}_1: FAILED`)
  await finish(box, ['--commit-failed-jobs'])
})

test("a job that nobody knows any more stays open until a person's word is given, and the record says so", async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const job = await schedule(box, write)
  const other = await schedule(box, ['-o', 'b', 'sbatch', 'job.sh', 'echo 1 >b'])
  for (const { id } of [job, other]) await jobEnded(box, id)
  // What Slurm does once MinJobAge is over: the queue answers, and does not name them.
  box.write('bin/squeue', '#!/bin/sh\nexit 0\n', 0o755)
  const env = { PATH: `${box.path('bin')}:${box.environment()['PATH'] ?? ''}` }
  const told = await tell(box, ['finish'], { env })
  expect(told.code).toBe(1)
  expect(told.words).toContain(`nobody can tell how job ${job.id} ended`)
  expect(told.words).toContain(`waybill finish --assume completed ${job.id}`)
  const closing = await tell(box, ['finish', '--close-failed-jobs', '--commit-failed-jobs'], { env })
  expect(closing.code).toBe(1)
  expect((await tell(box, ['jobs'], { env })).results).toMatchObject([
    { state: 'unknown' },
    { state: 'unknown' },
  ])
  await finish(box, ['--assume', 'completed', String(job.id)], { cwd: 'ds', env })
  const { title, record } = await recordOf(box)
  expect(title).toContain('Completed')
  expect(record.waybill).toMatchObject({ state: 'COMPLETED', assumed: 'completed' })
  const failed = await tell(box, ['finish', '--assume', 'failed', other.job], { env })
  expect(failed.code).toBe(1)
  await finish(box, ['--close-failed-jobs', other.job], { cwd: 'ds', env })
  expect(await openJobs(box)).toEqual([])
})

test("a person's word is not taken where a witness can tell", async () => {
  await using box = await sandboxWithDataset()
  await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'exit 1'])
  const all = await tell(box, ['finish', '--assume', 'completed'])
  expect(all.words).toContain('your word is taken for jobs that you name')
  const told = await tell(box, ['finish', '--assume', 'completed', 'w1'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('is known to be')
  expect(await openJobs(box)).toEqual(['w1'])
})

test('what the queue has forgotten, accounting still tells', async () => {
  await using cluster = await takeCluster('short-memory')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id } = await scheduleToEnd(box, write)
  await expect
    .poll(async () => (await box.run(['scontrol', 'show', 'job', String(id)], { allowFailure: true })).code, {
      timeout: 40_000,
    })
    .not.toBe(0)
  await finish(box)
  expect((await recordOf(box)).title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
})

test('a requeued job is open again, and its record has every attempt', async () => {
  await using cluster = await takeCluster('preempt')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const gate = makeGate(box)
  const line = `${gate.line}; echo $SLURM_RESTART_COUNT >out`
  const { id } = await schedule(box, ['-o', 'out', 'sbatch', '--requeue', 'job.sh', line])
  await gate.reached()
  await box.run(['scontrol', 'requeue', String(id)])
  await jobIs(box, id, 'PENDING')
  const kept = await tell(box, ['finish', '--close-failed-jobs'])
  expect(kept.code).toBe(1)
  expect(kept.words).toMatch(/: PENDING/)
  expect(await openJobs(box)).toEqual(['w1'])
  await gate.open()
  expect(await jobEnded(box, id, 150_000)).toEqual(['COMPLETED'])
  await jobAccounted(box, id)
  await finish(box, [], { env: { WAYBILL_FACTS_WAIT: undefined } })
  const attempts = (await recordOf(box)).record.waybill['attempts'] as readonly Attempt[]
  expect(attempts.map(({ state }) => state)).toEqual([
    expect.stringMatching(/REQUEUED|PREEMPTED|CANCELLED/),
    'COMPLETED',
  ])
  expect(box.read('ds/out')).toBe('1\n')
})

test('a job that ran out of memory is a failed one, and says so', async () => {
  await using cluster = await takeCluster('preempt')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const eat = 'head -c 128000000 /dev/zero | tail >/dev/null; echo 1 >out'
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', '--mem=64', 'job.sh', eat])
  const told = await tell(box, ['finish'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`${id}: OUT_OF_MEMORY`)
  await finish(box, ['--commit-failed-jobs'])
  expect((await recordOf(box)).record.waybill['state']).toBe('OUT_OF_MEMORY')
})

test('while accounting is down, what the queue knows is recorded, and marked as pending', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id } = await schedule(box, write)
  await jobEnded(box, id)
  cluster.kill('slurmdbd')
  await finish(box)
  expect((await recordOf(box)).record.waybill).toMatchObject({ state: 'COMPLETED', accounting: 'pending' })
  cluster.heal()
})

test('while the controller is down, nothing is concluded about any job', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', 'job.sh', 'exit 1'])
  await cluster.saved()
  cluster.kill('slurmctld')
  const told = await tell(box, ['finish', '--close-failed-jobs'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`job ${id} could not be asked about`)
  cluster.heal()
  await finish(box, ['--close-failed-jobs'])
  expect(await openJobs(box)).toEqual([])
})
