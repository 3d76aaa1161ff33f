import { expect, test } from 'vitest'
import { settled } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { finish, openJobs, recordOf, sandboxWithDataset, tell } from './support/scenario.ts'
import { clusterJobs } from './support/template.ts'

const nameOf = (what: string): string => `${what}${process.pid}-${Date.now().toString(36)}`

/** Waits for the end of jobs and records them; the ids that the record lists. */
async function finishAll(
  box: Awaited<ReturnType<typeof sandboxWithDataset>>,
  ids: readonly string[],
): Promise<readonly string[]> {
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  await finish(box)
  const jobs = (await recordOf(box)).record.waybill['jobs'] as readonly { slurm_job_id: number }[]
  return jobs.map(({ slurm_job_id: id }) => String(id))
}

test('the only sbatch of a script gets no answer: unknown first, then what the cluster has', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const name = nameOf('only')
  cluster.freeze('slurmctld')
  const words = ['schedule', '-o', 'out', `sbatch -J ${name} job.sh 'echo 1 >out'; true`]
  const told = await tell(box, words)
  expect(told.code).toBe(1)
  expect(told.words).toContain('not known whether the job was submitted')
  expect((await tell(box, words)).words).toContain('conflicts with')
  cluster.thaw('slurmctld')
  await settled(box, ['jobs'])
  const ids = await clusterJobs(box, name)
  expect(ids).toHaveLength(1)
  expect(await finishAll(box, ids)).toEqual(ids)
})

test('the second sbatch of a script gets no answer: its job is found later and joins the first', async () => {
  await using cluster = await takeCluster('fault')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const name = nameOf('second')
  const gate = makeGate(box)
  const line = `sbatch -J ${name} job.sh 'echo 1 >out'; ${gate.line}; sbatch -J ${name} job.sh true`
  const telling = tell(box, ['schedule', '-o', 'out', line])
  await gate.reached()
  const [first = ''] = await clusterJobs(box, name)
  await jobEnded(box, first)
  cluster.freeze('slurmctld')
  await gate.open()
  const told = await telling
  expect(told.code, told.words).toBe(1)
  expect(told.words).toContain('after it had submitted 1 job')
  cluster.thaw('slurmctld')
  await expect.poll(async () => (await clusterJobs(box, name)).length, { timeout: 40_000 }).toBe(2)
  expect(await openJobs(box)).toContain('w1')
  const ids = (await clusterJobs(box, name)).toSorted((a, b) => Number(a) - Number(b))
  expect(await finishAll(box, ids)).toEqual(ids)
})
