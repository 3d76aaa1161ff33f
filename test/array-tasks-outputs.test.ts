import { expect, test } from 'vitest'
import {
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { localEnded } from './support/after-kill.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'

const make = 'mkdir -p out; echo $SLURM_ARRAY_TASK_ID >out/$SLURM_ARRAY_TASK_ID.csv'

test('{task} in an output names one path a task, in reservations and in the record; a repetition keeps it', async () => {
  await using box = await sandboxWithDataset()
  const sbatch = ['sbatch', '--array=0,2', 'job.sh', make]
  const plan = await tell(box, ['schedule', '--dry-run', 'basic', '-o', 'out/{task}.csv', ...sbatch])
  expect(plan.code).toBe(0)
  await scheduleToEnd(box, ['-o', 'out/{task}.csv', ...sbatch])
  const other = await schedule(box, ['-o', 'out/{task}.csv', 'sbatch', '--array=1,3', 'job.sh', make])
  const conflict = await tell(box, [
    'schedule',
    '-o',
    'out/{task}.csv',
    'sbatch',
    '--array=2-3',
    'job.sh',
    make,
  ])
  expect(conflict.words).toContain('output out/2.csv conflicts with out/2.csv')
  await jobEnded(box, other.id)
  await jobAccounted(box, other.id)
  await finish(box)
  for (const [revision, tasks] of [
    ['HEAD~1', [0, 2]],
    ['HEAD', [1, 3]],
  ] as const) {
    const { record } = await recordOf(box, revision)
    expect(record.outputs.slice(0, 2)).toEqual(tasks.map((task) => `out/${task}.csv`))
    expect(record.waybill['task_outputs']).toEqual(['out/{task}.csv'])
  }
  const again = await tell(box, ['reschedule', 'HEAD'])
  expect(again.code, again.words).toBe(0)
  const id = again.results.find(({ action }) => action === 'schedule')?.slurm_job_id ?? 0
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await finish(box)
  const { record } = await recordOf(box)
  expect(record.outputs).toEqual([
    'out/1.csv',
    'out/3.csv',
    `slurm-${id}_1.out`,
    `slurm-${id}_3.out`,
    `slurm-job-${id}.env.json`,
  ])
  expect(record.waybill['task_outputs']).toEqual(['out/{task}.csv'])
  expect(await status(box)).toBe('')
})

test('an array on this machine, from a subdirectory, with padded indices and odd names', async () => {
  await using box = await sandboxWithDataset()
  box.write('ds/sub dir/x', '')
  const line = 'f=$(printf "a[1] {é}-%03d" $WAYBILL_ARRAY_TASK_ID); mkdir -p "$f"; echo 1 >"$f/x"'
  const words = [
    '--array',
    '1-2',
    '-o',
    'a[[]1] {{é}}-{task:03}/',
    'sh',
    '-c',
    line.replaceAll('{', '{{').replaceAll('}', '}}'),
  ]
  const { job } = await schedule(box, words, { cwd: 'ds/sub dir' })
  await localEnded(box, job)
  await finish(box)
  const made = (at: number): string => `A sub dir/a[1] {é}-00${at}/x`
  expect(await changesOf(box)).toEqual([made(1), made(2)])
  const { record } = await recordOf(box)
  expect(record.waybill['task_outputs']).toEqual(['sub dir/a[[]1] {{é}}-{task:03}'])
  const again = await tell(box, ['reschedule'])
  expect(again.code, again.words).toBe(0)
  await localEnded(box, again.results.find(({ action }) => action === 'schedule')?.job ?? '')
  const over = await finish(box)
  expect(over.words).toContain('no commit was needed')
})

test('many tasks are reserved by one pattern, and no other array fits beside them', async () => {
  await using box = await sandboxWithDataset()
  const { job } = await schedule(box, [
    '-o',
    'out/{task}',
    'sbatch',
    '--hold',
    '--array=0-199',
    'job.sh',
    'true',
  ])
  const [listed] = (await tell(box, ['jobs'])).results as readonly { readonly outputs?: readonly string[] }[]
  expect(listed?.outputs).toEqual(['out/*'])
  const beside = await tell(box, [
    'schedule',
    '-o',
    'out/{task}',
    'sbatch',
    '--array=200-399',
    'job.sh',
    'true',
  ])
  expect(beside.words).toContain('output out/* conflicts with out/*')
  const atRoot = await tell(box, [
    'schedule',
    '-o',
    '{task}.csv',
    'sbatch',
    '--array=0-199',
    'job.sh',
    'true',
  ])
  expect(atRoot.words).toContain('the pattern *.csv could match anything')
  await tell(box, ['cancel', job])
})

test('where {task} can mean nothing, that is said and nothing is submitted', async () => {
  await using box = await sandboxWithDataset()
  const refused = async (words: readonly string[]): Promise<string> => {
    const told = await tell(box, ['schedule', ...words])
    expect(told.code).toBe(1)
    return told.words
  }
  expect(await refused(['-o', 'out/{task}', 'sbatch', 'job.sh', 'true'])).toContain('the job is no array')
  expect(await refused(['-o', 'out/{task}', 'echo', '1'])).toContain('the job is no array')
  expect(await refused(['-o', 'out/', 'sbatch', '--array=1-2', 'job.sh', '{task}'])).toContain(
    '$SLURM_ARRAY_TASK_ID',
  )
  expect(
    await refused(['-i', 'in/{task}', '-o', 'out/', 'sbatch', '--array=1-2', 'job.sh', 'true']),
  ).toContain('in its outputs alone')
  expect(await refused(['-o', 'out/{task}', 'sbatch', '--array=1-2', 'job.sh', '{outputs}'])).toContain(
    'known to its task alone',
  )
  expect((await tell(box, ['jobs'])).results).toEqual([])
})

test('datalad-slurm runs a record with {task} again', async () => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await scheduleToEnd(box, ['-o', 'out/{task}.csv', 'sbatch', '--array=1-2', 'job.sh', make])
  await finish(box)
  const id = await slurmSubmit(box, ['slurm-reschedule'])
  await slurmFinish(box, id, [], 2)
  expect((await recordOf(box)).record.outputs).toContain('./out/1.csv')
})
