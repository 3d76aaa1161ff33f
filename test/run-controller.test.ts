import { expect, test, vi } from 'vitest'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { openJobs, sandboxWithDataset, status } from './support/scenario.ts'

// Slurm's commands take their time until they say that nobody answers.
vi.setConfig({ testTimeout: 180_000 })

test('a controller that does not answer is waited for, and the job is recorded when it does again', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const gate = makeGate(box)
  const line = `echo first; ${gate.line}; echo last; echo 1 >x`
  const script = 'exec waybill run -o x sbatch job.sh "$1" >../shown'
  const running = box.run(['sh', '-c', script, 'sh', line], {
    cwd: 'ds',
    env: { WAYBILL_FACTS_WAIT: '0' },
    limitMs: 100_000,
  })
  await gate.reached()
  await expect.poll(() => box.read('shown'), { timeout: 20_000 }).toBe('first\n')
  cluster.freeze('slurmctld')
  await gate.open()
  // What it writes needs no controller.
  await expect.poll(() => box.read('shown'), { timeout: 40_000 }).toBe('first\nlast\n')
  cluster.thaw('slurmctld')
  await running
  expect(box.read('ds/x')).toBe('1\n')
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
})
