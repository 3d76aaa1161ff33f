import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import { finish, openJobs, sandboxWithDataset, scheduleToEnd, tell, type Told } from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
})
afterAll(async () => box.dispose())

/** Schedules a line that calls sbatch; gives its result and the jobs that it is said to have. */
async function scheduleLine(output: string, line: string): Promise<{ ids: readonly number[]; told: Told }> {
  const told = await tell(box, ['schedule', '--scheduler', 'slurm', '-o', output, line])
  const last = told.results.at(-1) as { slurm_job_ids?: readonly number[] } | undefined
  return { ids: last?.slurm_job_ids ?? [], told }
}

async function ended(ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
}

test('a script that prints the id of an older job does not claim that', async () => {
  const older = await scheduleToEnd(box, ['-o', 'older', 'sbatch', 'job.sh', 'date >older'])
  const saying = `echo Submitted batch job ${older.id}`
  const { ids, told } = await scheduleLine('younger', `${saying}; sbatch job.sh true`)
  expect(ids, told.words).toHaveLength(1)
  expect(ids).not.toContain(older.id)
  await ended(ids)
  const alone = await scheduleLine('none', saying)
  expect(alone.told.code).toBe(1)
  expect(alone.told.words).toContain('it submitted no job to Slurm')
  await tell(box, ['finish'])
})

test('what waybill submits within a script is a job of its own, with one record', async () => {
  const inner = "waybill schedule -o inner/1 sbatch job.sh 'mkdir -p inner; echo 1 >inner/1'"
  const below = `waybill schedule --scheduler slurm -o inner/2 'sbatch job.sh "mkdir -p inner; echo 2 >inner/2"'`
  const { ids, told } = await scheduleLine('outer', `${inner}; sbatch job.sh 'echo 1 >outer'; ${below}`)
  expect(ids, told.words).toHaveLength(1)
  const open = await tell(box, ['jobs'])
  const all = open.results.map((one) => Number((one as { id?: string }).id))
  expect(new Set(all).size, open.stdout).toBe(3)
  await ended(all)
  const finished = await finish(box)
  const logs = finished.results.map(({ path }) => path).filter((path) => /slurm-\d+\.out$/.test(path))
  expect(logs.length).toBe(new Set(logs).size)
  expect(logs).toHaveLength(3)
  const only = await scheduleLine('nothing', inner)
  expect(only.told.words).toContain('it submitted no job to Slurm')
  expect(await openJobs(box)).toHaveLength(1)
})
