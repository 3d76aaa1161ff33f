import { expect, test } from 'vitest'
import { jobAccounted, jobEnded } from './support/job.ts'
import { localEnded } from './support/after-kill.ts'
import type { Sandbox } from './support/sandbox.ts'
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
  type Submitted,
} from './support/scenario.ts'
import { recordsByJob, whole } from './support/template.ts'

const index = '$SLURM_ARRAY_TASK_ID'

/** An array 0-3 of which the tasks 1 and 3 fail, after each has written its file. */
async function halfGood(
  box: Sandbox,
  outputs: readonly string[],
  more: readonly string[] = [],
): Promise<Submitted> {
  const script = `mkdir -p out; echo made >out/part-${index}.csv; test $((${index} % 2)) = 0`
  return scheduleToEnd(box, [
    ...outputs.flatMap((path) => ['-o', path]),
    'sbatch',
    '--array=0-3',
    ...more,
    'job.sh',
    script,
  ])
}

test('the completed tasks are recorded, told by {task}; the others stay open with their files and reservations', async () => {
  await using box = await sandboxWithDataset()
  const { id, job } = await halfGood(box, ['out/part-{task}.csv'])
  const told = await finish(box, ['--completed-tasks'])
  expect(await changesOf(box)).toEqual(
    [
      'A out/part-0.csv',
      'A out/part-2.csv',
      `A slurm-${id}_0.out`,
      `A slurm-${id}_2.out`,
      `A slurm-job-${id}.env.json`,
    ].toSorted(),
  )
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Completed`)
  expect(record.waybill).toMatchObject({
    state: 'COMPLETED',
    recorded_tasks: '0,2',
    task_outputs: ['out/part-{task}.csv'],
  })
  // Accounting that has told the exit code of one task only makes two lines of the two.
  const [good, ...bad] = (record.waybill?.['tasks'] ?? []) as readonly string[]
  expect(good).toBe('0,2 COMPLETED')
  expect(bad.map((line) => line.replace(/ FAILED( 1:0)?$/, '')).join(',')).toBe('1,3')
  expect(record['slurm_outputs']).toEqual([
    `slurm-${id}_0.out`,
    `slurm-${id}_2.out`,
    `slurm-job-${id}.env.json`,
  ])
  expect(told.words).toContain(
    `recorded of job ${id}: tasks 0,2; it stays open for the others (${id}_1: FAILED, ${id}_3: FAILED)`,
  )
  expect(told.results).toContainEqual(expect.objectContaining({ action: 'save', job, tasks: '0,2' }))

  expect(await openJobs(box)).toEqual([job])
  expect(box.exists('ds/out/part-1.csv')).toBe(true)
  expect(await status(box)).toBe(
    `?? out/part-1.csv\n?? out/part-3.csv\n?? slurm-${id}_1.out\n?? slurm-${id}_3.out`,
  )
  const other = await tell(box, ['schedule', '-o', 'out/part-1.csv', 'sbatch', 'job.sh', 'true'])
  expect(other.words).toContain('conflicts with out/part-1.csv')

  const [listed] = (await tell(box, ['jobs'])).results
  expect(listed).toMatchObject({
    recorded: [{ tasks: '0,2', commit: await box.git('ds', 'rev-parse', 'HEAD') }],
  })
  expect((await box.waybill(['jobs'], { cwd: 'ds' })).stdout).toContain('(recorded: 0,2)')
  expect((await box.waybill(['show', String(id)], { cwd: 'ds' })).stdout).toMatch(
    /recorded: +0,2 as [0-9a-f]{10}/,
  )

  const again = await tell(box, ['finish', '--completed-tasks'])
  expect([again.code, again.results[0]?.status]).toEqual([0, 'notneeded'])
  expect(again.words).toContain(`no other task of job ${id} completed`)
  const plain = await tell(box, ['finish'])
  expect(plain.code).toBe(1)
  expect(plain.words).toContain('(recorded already: 0,2)')
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
  await whole(box)
})

test('the rest is let go of, or recorded as failed', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await halfGood(box, ['out/part-{task}.csv'])
  await finish(box, ['--completed-tasks'])
  await box.run(['cp', '-a', 'ds', 'other'])

  const closed = await finish(box, ['--close-failed-jobs'])
  expect(closed.words).toContain(`${id}_3: FAILED (recorded already: 0,2)`)
  expect(await openJobs(box)).toEqual([])
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
  expect(box.exists('ds/out/part-1.csv')).toBe(true)

  await box.run(['sh', '-c', 'rm -rf ds; mv other ds'])
  await finish(box, ['--commit-failed-jobs'])
  const { title, record } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${id}: Failed`)
  expect(record.waybill).toMatchObject({ state: 'FAILED', recorded_tasks: '1,3' })
  expect(record['slurm_outputs']).toEqual([`slurm-${id}_1.out`, `slurm-${id}_3.out`])
  expect(await changesOf(box)).toEqual(
    ['A out/part-1.csv', 'A out/part-3.csv', `A slurm-${id}_1.out`, `A slurm-${id}_3.out`].toSorted(),
  )
  expect(await openJobs(box)).toEqual([])
  expect(await status(box)).toBe('')
})

test('what cannot be told is recorded by no guess, until the user says it', async () => {
  await using box = await sandboxWithDataset()
  const { id } = await halfGood(box, ['out'])
  const refused = await tell(box, ['finish', '--completed-tasks', String(id)])
  expect(refused.code).toBe(1)
  expect(refused.words).toContain(
    `it cannot be told which task of job ${id} made out/part-0.csv, out/part-1.csv, out/part-2.csv (and 1 more)`,
  )
  expect(await recordsByJob(box)).toEqual({})
  expect(box.exists(`ds/slurm-job-${id}.env.json`)).toBe(false)

  const nameless = await tell(box, ['finish', '--completed-tasks', '-o', 'part-{task}.csv'], {
    cwd: 'ds/out',
  })
  expect(nameless.words).toContain('name that job')
  const wrong = await tell(box, ['finish', '--completed-tasks', String(id), '-o', 'out/p-{task}.csv'])
  expect(wrong.words).toContain('it cannot be told')
  await finish(box, ['--completed-tasks', String(id), '-o', 'part-{task}.csv'], { cwd: 'ds/out' })
  expect(await changesOf(box)).toContain('A out/part-2.csv')
  expect((await recordOf(box)).record.waybill['task_outputs']).toContain('out/part-{task}.csv')
})

test('a file that a failed task may have written too is not recorded', async () => {
  await using box = await sandboxWithDataset()
  const script = `mkdir -p out; echo ${index} >out/${index}; echo ${index} >>out/all; test ${index} = 0`
  const { id } = await scheduleToEnd(box, [
    '-o',
    'out/{task}',
    '-o',
    'out/all',
    'sbatch',
    '--array=0-1',
    'job.sh',
    script,
  ])
  const refused = await tell(box, ['finish', '--completed-tasks'])
  expect(refused.words).toContain(`it cannot be told which task of job ${id} made out/all, and so nothing`)
  expect(await recordsByJob(box)).toEqual({})
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toContain('A out/all')
})

test("tracked files that nobody changed are in no one's way; changed and deleted ones are", async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/out/readme.txt', 'old\n')
  box.write('ds/out/big.bin', Buffer.alloc(3000, 1).fill(0, 0, 10))
  await box.run(['git', 'annex', 'add', '-q', 'out'], { cwd: 'ds' })
  await box.git('ds', 'commit', '-q', '-m', 'old')
  const { id } = await halfGood(box, ['out', 'out/part-{task}.csv'])
  await box.run(['cp', '-a', 'ds', 'template'])
  await finish(box, ['--completed-tasks'])
  expect(await changesOf(box)).toContain('A out/part-2.csv')
  for (const harm of [
    'echo new >out/readme.txt',
    'rm out/big.bin',
    'rm -f out/big.bin; echo new >out/big.bin',
  ]) {
    await box.run(['sh', '-c', `chmod -R u+w ds; rm -rf ds; cp -a template ds; cd ds; ${harm}`])
    const refused = await tell(box, ['finish', '--completed-tasks'])
    expect(refused.words).toMatch(new RegExp(`which task of job ${id} made out/(readme.txt|big.bin), and so`))
    expect(await recordsByJob(box)).toEqual({})
  }
})

test('an array of which only logs are known needs no {task}; a log of all tasks waits for the last record', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/logs/.keep', '')
  await box.git('ds', 'add', '-f', 'logs/.keep')
  await box.git('ds', 'commit', '-q', '-m', 'logs')
  const words = (more: readonly string[]): readonly string[] => [
    '-o',
    'logs',
    'sbatch',
    '--array=0-2',
    ...more,
    'job.sh',
    `echo ${index}; test ${index} != 1`,
  ]
  const first = await scheduleToEnd(box, words(['--output=logs/%A-%a.log']))
  await finish(box, ['--completed-tasks'])
  expect(await changesOf(box)).toEqual([
    `A logs/${first.id}-0.log`,
    `A logs/${first.id}-2.log`,
    `A logs/slurm-job-${first.id}.env.json`,
  ])
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toEqual([`A logs/${first.id}-1.log`])
  const second = await scheduleToEnd(box, words(['--output=logs/all-%A.log', '--open-mode=append']))
  const told = await finish(box, ['--completed-tasks'])
  expect(told.words).toContain('it goes with the last record of the job')
  expect(await changesOf(box)).toEqual([`A logs/slurm-job-${second.id}.env.json`])
  await finish(box, ['--commit-failed-jobs'])
  expect(await changesOf(box)).toEqual([`A logs/all-${second.id}.log`])
  expect(await status(box)).toBe('')
})

test('an array on this machine', async () => {
  await using box = await sandboxWithDataset()
  const line = 'mkdir -p out; echo 1 >out/$WAYBILL_ARRAY_TASK_ID; test $WAYBILL_ARRAY_TASK_ID -lt 2'
  const { job } = await schedule(box, ['--array', '0-3', '-o', 'out/{task}', 'sh', '-c', line])
  await localEnded(box, job)
  await finish(box, ['--completed-tasks'])
  expect(await changesOf(box)).toEqual(['A out/0', 'A out/1'])
  expect((await recordOf(box)).record).toMatchObject({ exit: 0, waybill: { recorded_tasks: '0-1' } })
  await finish(box, ['--commit-failed-jobs', job])
  expect(await changesOf(box)).toEqual(['A out/2', 'A out/3'])
  expect((await recordOf(box)).record).toMatchObject({ exit: 1, waybill: { recorded_tasks: '2-3' } })
})

test('while a task runs, when none completed, or when all did, nothing is special', async () => {
  await using box = await sandboxWithDataset()
  const held = await schedule(box, ['-o', 'a/{task}', 'sbatch', '--hold', '--array=0-1', 'job.sh', 'true'])
  expect((await tell(box, ['finish', '--completed-tasks'])).words).toContain('are not complete')
  await tell(box, ['cancel', held.job])
  await jobEnded(box, held.id)
  const none = await tell(box, ['finish', '--completed-tasks'])
  expect([none.code, none.results[0]?.status]).toEqual([1, 'impossible'])
  expect(none.words).toContain(`${held.id}_0: CANCELLED`)
  const { id } = await scheduleToEnd(box, [
    '-o',
    'b/{task}',
    'sbatch',
    '--array=0-1',
    'job.sh',
    `mkdir -p b; echo 1 >b/${index}`,
  ])
  await tell(box, ['finish', '--completed-tasks'])
  expect((await recordOf(box)).record.waybill).not.toHaveProperty('recorded_tasks')
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
  const both = await tell(box, ['finish', '--completed-tasks', '--commit-failed-jobs'])
  expect(both.code).toBe(2)
  await jobAccounted(box, held.id)
})
