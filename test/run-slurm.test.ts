import { expect, test } from 'vitest'
import { makeGate } from './support/gate.ts'
import { changesOf, openJobs, recordOf, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { askLedger } from './support/template.ts'

const env = { WAYBILL_FACTS_WAIT: '0' }

test('a Slurm job in the foreground: its log is shown as it grows, it is recorded with log and description', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const line = `echo first; ${gate.line}; echo last; echo 1 >x`
  const script = 'exec waybill run -o x sbatch job.sh "$1" >../shown'
  const running = box.run(['sh', '-c', script, 'sh', line], { cwd: 'ds', env })
  await gate.reached()
  await expect.poll(() => box.read('shown'), { timeout: 20_000 }).toBe('first\n')
  await gate.open()
  const ran = await running
  expect(box.read('shown')).toBe('first\nlast\n')
  const id = /Submitted batch job (\d+)/.exec(ran.stderr)?.[1] ?? ''
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
  expect(record['slurm_job_id']).toBe(Number(id))
  expect(await changesOf(box)).toEqual([`A slurm-${id}.out`, `A slurm-job-${id}.env.json`, 'A x'].toSorted())
  expect(await status(box)).toBe('')
})

test('standard error in a file of its own comes out as standard error', async () => {
  await using box = await sandboxWithDataset()
  const words = [
    'run',
    '-o',
    'x',
    'sbatch',
    '-o',
    'o.%j',
    '-e',
    'e.%j',
    'job.sh',
    'echo out; echo err >&2; echo 1 >x',
  ]
  const ran = await box.waybill(words, { cwd: 'ds', env })
  expect(ran.stdout).toBe('out\n')
  expect(ran.stderr).toContain('\nerr\n')
})

test('a Slurm job that fails, or is cancelled: exit code, nothing saved, nothing left reserved', async () => {
  await using box = await sandboxWithDataset()
  const failed = await tell(box, ['run', '-o', 'x', 'sbatch', 'job.sh', 'echo 1 >x; exit 9'])
  expect(failed.code, failed.words).toBe(9)
  const gate = makeGate(box)
  const running = tell(box, ['run', '-o', 'x', 'sbatch', 'job.sh', gate.line])
  await gate.reached()
  expect((await tell(box, ['cancel', 'w2'])).code).toBe(0)
  const cancelled = await running
  expect(cancelled.code).not.toBe(0)
  expect(cancelled.words).toContain('CANCELLED]; nothing was saved')
  expect(await openJobs(box)).toEqual([])
  expect(await askLedger(box, 'SELECT pattern FROM reservations')).toEqual([])
})

test('an array and a run without outputs work on Slurm too', async () => {
  await using box = await sandboxWithDataset()
  const told = await tell(box, ['run', 'sbatch', '--array=1-2', 'job.sh', 'echo 1 >o$SLURM_ARRAY_TASK_ID'])
  expect(told.code, told.words).toBe(0)
  const changes = await changesOf(box)
  expect(changes).toEqual(expect.arrayContaining(['A o1', 'A o2']))
  expect(changes).toHaveLength(5)
  expect((await recordOf(box)).record.waybill['tasks']).toEqual(['1-2 COMPLETED'])
  expect(await status(box)).toBe('')
})

test('sbatch refuses: its words, exit 1, nothing noted', async () => {
  await using box = await sandboxWithDataset()
  const told = await tell(box, ['run', '-o', 'x', 'sbatch', '-p', 'no-such-partition', 'job.sh', 'true'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('sbatch refused')
  expect(await openJobs(box)).toEqual([])
})
