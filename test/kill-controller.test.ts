import { expect, test, vi } from 'vitest'
import { openInLedger, settled } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate, type Gate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { finish, recordOf, sandboxWithDataset, schedule, scheduleToEnd, tell } from './support/scenario.ts'
import { clusterJobs, recordsByJob } from './support/template.ts'

// Slurm's commands take their time until they say that nobody answers.
vi.setConfig({ testTimeout: 180_000 })

const nameOf = (what: string): string => `${what}-${process.pid}-${Date.now().toString(36)}`

test('a controller frozen during sbatch: the outcome is unknown, nothing is submitted again, and the job is found later', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const name = nameOf('frozen')
  const words = [
    'schedule',
    '-o',
    'out',
    'sbatch',
    `--job-name=${name}`,
    'job.sh',
    'mkdir out; echo 1 >out/x',
  ]
  cluster.freeze('slurmctld')
  const told = await tell(box, words)
  expect(told.code).toBe(1)
  expect(told.words).toContain('not known whether the job was submitted')
  const again = await tell(box, words)
  expect(again.code).toBe(1)
  expect(again.words).toContain('conflicts with')
  const [waits] = await openInLedger(box)
  expect(waits?.state).toBe('unknown')
  cluster.thaw('slurmctld')
  const said = await settled(box, ['jobs'])
  const ids = await clusterJobs(box, name)
  expect(ids).toHaveLength(1)
  expect(said).toContainEqual(
    expect.objectContaining({ action: 'recover', job: 'w1', slurm_job_id: Number(ids[0]) }),
  )
  await jobEnded(box, ids[0] ?? '')
  await jobAccounted(box, ids[0] ?? '')
  await finish(box)
  expect(await recordsByJob(box)).toEqual({ [ids[0] ?? '']: 1 })
})

test('a controller killed during sbatch: unknown first, then what the cluster has', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const name = nameOf('killed')
  cluster.freeze('slurmctld')
  const words = [
    'schedule',
    '-o',
    'out',
    'sbatch',
    `--job-name=${name}`,
    'job.sh',
    'mkdir out; echo 1 >out/x',
  ]
  const telling = tell(box, words)
  await box.run(['sh', '-c', 'until cat ds/.git/waybill/jobs/*/run 2>/dev/null; do :; done'])
  cluster.kill('slurmctld')
  const told = await telling
  expect(told.code).toBe(1)
  expect((await tell(box, ['jobs'])).code).toBe(0)
  cluster.restart('slurmctld')
  await settled(box, ['jobs'])
  const ids = await clusterJobs(box, name)
  expect((await openInLedger(box)).map(({ scheduler_id }) => scheduler_id)).toEqual(ids)
  expect(ids.length).toBeLessThanOrEqual(1)
})

/** A job that runs and stands before a gate; then it writes `out/x`. */
async function runningJob(box: Sandbox): Promise<{ readonly id: number; readonly gate: Gate }> {
  const gate = makeGate(box)
  const words = ['-o', 'out', 'sbatch', 'job.sh', `mkdir out; ${gate.line}; echo 1 >out/x`]
  const { id } = await schedule(box, words)
  await gate.reached()
  return { id, gate }
}

test('no controller and no accounting at jobs, finish, close and cancel: nothing is concluded', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id, gate } = await runningJob(box)
  await cluster.saved()
  for (const daemon of ['slurmctld', 'slurmdbd']) {
    cluster.kill(daemon)
    // Slurm's own commands take eight seconds to say that they reach nobody.
    const [listed, ...others] = await Promise.all(
      [['jobs'], ['finish'], ['close', String(id)], ['cancel', String(id)]].map(async (words) =>
        tell(box, words),
      ),
    )
    expect(listed?.stdout, listed?.stderr).toContain(`"id":"${id}"`)
    for (const told of others) {
      expect(told.code, told.words).toBe(1)
      expect(told.words).toMatch(/could not be asked|is not over|Unable to contact/)
    }
    const [job] = await openInLedger(box)
    expect(job?.scheduler_id).toBe(String(id))
    expect(['submitted', 'pending', 'running']).toContain(job?.state)
  }
  cluster.heal()
  await gate.open()
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
})

test('accounting frozen during finish: the record says so, and what comes late goes into a note', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const { id, gate } = await runningJob(box)
  cluster.freeze('slurmdbd')
  await gate.open()
  await jobEnded(box, id)
  const told = await tell(box, ['finish'], { env: { WAYBILL_FACTS_WAIT: '0.1' }, limitMs: 20_000 })
  expect(told.code, told.words).toBe(0)
  expect((await recordOf(box)).record.waybill).toMatchObject({ accounting: 'pending', state: 'COMPLETED' })
  const record = await box.git('ds', 'rev-parse', 'HEAD')
  cluster.thaw('slurmdbd')
  await jobAccounted(box, id)
  await scheduleToEnd(box, ['-o', 'more', 'sbatch', 'job.sh', 'mkdir more; echo 1 >more/x'])
  await finish(box)
  // Its last row comes some time after the thaw; any finish may be the one that finds it.
  await expect
    .poll(
      async () => {
        await tell(box, ['finish'])
        const show = ['git', 'notes', '--ref=refs/notes/waybill', 'show', record]
        return (await box.run(show, { cwd: 'ds', allowFailure: true })).stdout
      },
      { timeout: 30_000 },
    )
    .toContain('"accounting": "complete"')
  expect(await box.git('ds', 'rev-parse', 'HEAD~1')).toBe(record)
})
