import { expect, test } from 'vitest'
import { recordOf, sandboxWithDataset, scheduleToEnd, tell } from './support/scenario.ts'

test('what accounting says after the record was made is noted beside it, also when no job is open any more', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await scheduleToEnd(box, ['-o', 'out', 'sbatch', '-o', '/dev/null', 'job.sh', 'echo 1 >out'])
  // Accounting that cannot be reached, as sacct tells of it; all else is the real cluster.
  box.write(
    'away/sacct',
    '#!/bin/sh\necho "sacct: error: Problem talking to the database: Connection refused" >&2\nexit 1\n',
    0o755,
  )
  const PATH = `${box.path('away')}:${box.environment()['PATH']}`
  await tell(box, ['finish'], { env: { PATH } })
  expect((await recordOf(box)).record).toMatchObject({
    slurm_job_id: id,
    waybill: { state: 'COMPLETED', accounting: 'pending' },
  })
  const commit = await box.git('ds', 'rev-parse', 'HEAD')

  // sacct has the state a moment before the time of the end: then there is more to come.
  const noted = ['git', 'notes', '--ref=waybill', 'show', commit]
  const enough = performance.now() + 30_000
  do expect((await tell(box, ['finish'])).words).toContain('no open jobs')
  while ((await box.run(noted, { cwd: 'ds', allowFailure: true })).code !== 0 && performance.now() < enough)
  expect((await box.run(noted, { cwd: 'ds' })).stdout).toContain('"accounting": "complete"')
  expect((await box.waybill(['show'], { cwd: 'ds' })).stdout).toMatch(/later facts: .*"elapsed_seconds"/)
  expect((await box.waybill(['show', '--json'], { cwd: 'ds' })).stdout).toMatch(/"metrics":{.*"cpu_seconds":/)
  expect((await box.waybill(['usage', '--where', 'cpu_seconds < 100'], { cwd: 'ds' })).stdout).toMatch(
    /^1 +1 +1 /m,
  )
  expect(await box.git('ds', 'rev-parse', 'HEAD')).toBe(commit)
})
