import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sandbox } from './support/sandbox.ts'
import {
  changesOf,
  recordOf,
  sandboxWithDataset,
  schedule,
  status,
  tell,
  type Submitted,
} from './support/scenario.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
})
afterAll(async () => box.dispose())

async function ended(output: string, work: string): Promise<Submitted> {
  const job = await schedule(box, ['-o', output, 'sh', '-c', work])
  await box.waybill(['logs', '-f', job.job], { cwd: 'ds' })
  return job
}

test('finish --output records what was not declared, too, and the record names it', async () => {
  const { job } = await ended('a', 'echo 1 >a; mkdir more; echo 2 >more/b; echo 3 >more/c; echo 4 >other')
  expect(await tell(box, ['finish', job, '-o', 'more/b', '--output', '*/c'])).toMatchObject({ code: 0 })
  expect(await changesOf(box)).toEqual(['A a', 'A more/b', 'A more/c'])
  expect((await recordOf(box)).record.outputs).toEqual(['a', 'more/b', '*/c'])
  expect(await status(box)).toBe('?? other')
})

test('not what another open job has reserved, and not outside', async () => {
  const other = await schedule(box, ['-o', 'theirs', 'sbatch', '--hold', 'job.sh', 'true'])
  const { job } = await ended('d', 'echo 1 >d; mkdir theirs; echo 2 >theirs/e')
  const told = await tell(box, ['finish', job, '-o', 'theirs/e'])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`output theirs/e conflicts with theirs of job ${other.job}`)
  expect((await tell(box, ['finish', job, '-o', '../x'])).code).toBe(1)
  await tell(box, ['cancel', other.job])
  await tell(box, ['close', '--force', other.job])
  expect(await tell(box, ['finish', job])).toMatchObject({ code: 0 })
})

test('which job must be said', async () => {
  const [one, two] = [await ended('f', 'echo 1 >f'), await ended('g', 'echo 1 >g')]
  for (const words of [
    ['-o', 'h'],
    ['-o', 'h', one.job, two.job],
    ['-o', 'h', 'HEAD'],
  ]) {
    const told = await tell(box, ['finish', ...words])
    expect(told).toMatchObject({ code: 1, words: expect.stringContaining('belong to one job') as string })
  }
  expect(await tell(box, ['slurm-finish', '-o', 'h'])).toMatchObject({ code: 1 })
  await tell(box, ['finish'])
})

test('what is not there is named, and {task} stands for the tasks of an array that is recorded as one', async () => {
  const line =
    'mkdir -p out; echo $WAYBILL_ARRAY_TASK_ID | tee out/$WAYBILL_ARRAY_TASK_ID >part-$WAYBILL_ARRAY_TASK_ID'
  const { job } = await schedule(box, ['--array', '0-1', '-o', 'out', 'sh', '-c', line])
  for (const task of ['0', '1']) await box.waybill(['logs', '-f', job, '--task', task], { cwd: 'ds' })
  const told = await tell(box, ['finish', job, '-o', 'part-{task}', '-o', 'nowhere'])
  expect(told.code).toBe(1)
  expect(told.words).toContain('output nowhere was declared, but the job made no such file')
  expect(await changesOf(box)).toEqual(['A out/0', 'A out/1', 'A part-0', 'A part-1'])
  const one = await ended('i', 'echo 1 >i')
  expect((await tell(box, ['finish', one.job, '-o', 'i-{task}'])).words).toContain('the job is no array')
  await tell(box, ['finish'])
})
