import { expect, test } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
} from './support/scenario.ts'

/** Uses the CPU for so many seconds, holding some memory. */
const burn = `import sys, time
memory = bytearray(40 * 1024 * 1024)
end = time.process_time() + float(sys.argv[1])
while time.process_time() < end: pass
`
/** Records wait for what accounting has of them. */
const patient = { env: { WAYBILL_FACTS_WAIT: '20' } }

const jsonOf = async (box: Sandbox, words: readonly string[]) =>
  (await box.waybill([...words, '--json'], { cwd: 'ds' })).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)

test('steps on two nodes: all nodes, all steps and all their tasks count', async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', {
    'burn.py': burn,
    'two.sh': `#!/bin/sh
srun -N2 -n2 python3 burn.py 1
srun -N2 -n4 python3 burn.py 0.5
echo done >out
`,
  })
  const sbatch = ['sbatch', '-o', '/dev/null', '-N2', '-n4', '--mem=400M', '--time=30', 'two.sh']
  await scheduleToEnd(box, ['-o', 'out', ...sbatch])
  await finish(box, [], { cwd: 'ds', ...patient })
  const { waybill } = (await recordOf(box)).record
  const elapsed = Number(waybill['elapsed_seconds'])
  expect(waybill).toMatchObject({
    nodes: 2,
    cores: 4,
    node_seconds: 2 * elapsed,
    allocated_cpu_seconds: 4 * elapsed,
    requested_memory_bytes: 800 * 1024 ** 2,
    time_limit_seconds: 1800,
    accounting: 'complete',
  })
  // Four processes of two steps; the larger step had four times what a process has.
  expect(Number(waybill['cpu_seconds'])).toBeGreaterThan(4)
  expect(Number(waybill['max_memory_bytes'])).toBeGreaterThan(80 * 1024 ** 2)
  const [shown] = await jsonOf(box, ['show'])
  expect(shown?.['metrics']).toMatchObject({
    node_hours: expect.closeTo((2 * elapsed) / 3600, 6),
    core_hours: expect.closeTo((4 * elapsed) / 3600, 6),
    cpu_efficiency: expect.closeTo(Number(waybill['cpu_seconds']) / (4 * elapsed), 3),
    queue_wait_seconds: expect.any(Number),
  })
  const words = (await box.waybill(['show'], { cwd: 'ds' })).stdout
  expect(words).toMatch(/^took: +\S+ core-hours, \S+ node-hours, after .* in the queue$/m)
  expect(words).toMatch(
    /^made use of: +\d+ % of its cores, \d+ % of its memory \(.* MiB\), \S+ % of its time$/m,
  )
})

test('without accounting it is not known how much was used, which is not zero', async () => {
  await using cluster = await takeCluster('no-accounting')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const job = await schedule(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'sleep 1; date >out'])
  await jobEnded(box, job.id)
  await finish(box)
  const { waybill } = (await recordOf(box)).record
  expect(waybill['accounting']).toBe('off')
  const [shown] = await jsonOf(box, ['show'])
  for (const key of ['cpu_seconds', 'max_memory_bytes', 'energy_joules'])
    expect(waybill).not.toHaveProperty(key)
  for (const key of ['cpu_efficiency', 'memory_share', 'energy_kwh', 'gpu_hours'])
    expect(shown?.['metrics']).not.toHaveProperty(key)
  const [total, ...advice] = await jsonOf(box, ['usage'])
  expect(total).toMatchObject({ jobs: 1 })
  expect(total).not.toHaveProperty('cpu_efficiency')
  expect(advice).toEqual([])
  const [none] = await jsonOf(box, ['usage', '--where', 'cpu_efficiency < 0.2'])
  expect(none).toMatchObject({ jobs: 0, undecided_jobs: 1 })
})

test('usage sums records, arrays and jobs that wait for their record, and says what asked for too much', async () => {
  await using box = await sandboxWithDataset()
  expect((await box.waybill(['usage'], { cwd: 'ds' })).stdout).toBe('no jobs to count\n')
  await addFiles(box, 'ds', { 'burn.py': burn, 'task.sh': '#!/bin/sh\npython3 burn.py 2\ndate +%N >$1\n' })
  const job = ['sbatch', '-o', '/dev/null', '--mem=3G', '--time=600', 'task.sh']
  const array = ['sbatch', '-o', '/dev/null', '--mem=3G', '--time=600', '--array=1-4', 'task.sh']
  await scheduleToEnd(box, ['-o', 'one', ...job, 'one'])
  await finish(box, [], { cwd: 'ds', ...patient })
  await scheduleToEnd(box, ['-o', 'many', ...array, 'many'])
  await finish(box, [], { cwd: 'ds', ...patient })
  const recorded = (await recordOf(box)).record
  expect(recorded.waybill).toMatchObject({ parts: 4, task_facts: { tasks: '1-4' } })
  // As datalad-slurm writes it.
  const { waybill: _own, ...foreign } = { ...recorded, slurm_job_id: 1 }
  const lines = ['=== Do not change lines below ===', '^^^ Do not change lines above ^^^'] as const
  const message = `[DATALAD SLURM RUN] Slurm job 1: Completed\n\n${lines[0]}\n${JSON.stringify(foreign)}\n${lines[1]}\n`
  await box.git('ds', 'commit', '-q', '--allow-empty', '-m', message)
  await scheduleToEnd(box, ['-o', 'late', ...job, 'late'])

  // For a moment after a job's end accounting knows that it is over, and not yet all of it.
  const advised = async () => (await jsonOf(box, ['usage'])).filter(({ kind }) => kind === 'advice')
  await expect.poll(advised, { timeout: 20_000 }).toMatchObject([
    { what: 'memory', like: 'task.sh', asked: 3 * 1024 ** 3, runs: 6 },
    { what: 'time', like: 'task.sh', asked: 36_000, enough: 300, runs: 6 },
  ])
  const told = await jsonOf(box, ['usage', '--by', 'user'])
  const all = told.find(({ kind, by }) => kind === 'usage' && JSON.stringify(by) === '{}')
  expect(all).toMatchObject({ jobs: 4, runs: 7, attempts: 7, unknown_jobs: 1, undecided_jobs: 0 })
  const { allocated_cpu_seconds: ofArray } = recorded.waybill
  expect(Number(all?.['core_hours']) * 3600).toBeGreaterThan(Number(ofArray))
  expect(told).toContainEqual(
    expect.objectContaining({ by: { user: 'Waybill Test' }, jobs: 3, unknown_jobs: 1 }),
  )
  const words = (await box.waybill(['usage', '--by', 'week'], { cwd: 'ds' })).stdout
  expect(words).toMatch(/^WEEK +JOBS +RUNS +ATTEMPTS +CORE-HOURS +NODE-HOURS +CPU USED$/m)
  expect(words).toMatch(/^task\.sh: \S+ % of 3 G; \d+ M would have served 6 of 6 runs$/m)
  expect(words).toContain('of 1 job it is not known, or not in full, what they took')
  expect((await jsonOf(box, ['usage', '--until', '2020-01-01']))[0]).toMatchObject({ jobs: 0 })
  expect((await jsonOf(box, ['usage', '--where', 'cpu_seconds > 4']))[0]).toMatchObject({ jobs: 1, runs: 4 })
  const bad = await box.waybill(['usage', '--where', 'cpu_eficiency < 1'], { cwd: 'ds', allowFailure: true })
  expect([bad.code, bad.stdout + bad.stderr]).toEqual([
    1,
    expect.stringContaining('did you mean cpu_efficiency?'),
  ])

  const [task] = await jsonOf(box, ['show', 'HEAD~1:3'])
  expect(task).toMatchObject({
    kind: 'task',
    metrics: {
      cpu_seconds: expect.any(Number),
      node_hours: expect.any(Number),
      memory_share: expect.any(Number),
    },
  })
  expect(Number((task?.['metrics'] as Record<string, number> | undefined)?.['cpu_seconds'])).toBeLessThan(4)
})
