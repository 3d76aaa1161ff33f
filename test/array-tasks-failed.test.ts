import { expect, test } from 'vitest'
import { jobAccounted, jobEnded, jobStates } from './support/job.ts'
import { localEnded } from './support/after-kill.ts'
import { slurmSubmit } from './support/datalad.ts'
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
  type Told,
} from './support/scenario.ts'
import { askLedger, recordsByJob, whole } from './support/template.ts'

const index = '$SLURM_ARRAY_TASK_ID'
/** Each task writes its file; those that the file `bad` names fail. */
const script = `mkdir -p out; echo made >out/${index}; ! grep -qx ${index} bad`

/** An array 0-3 of which the tasks in `bad` fail. */
async function array(box: Sandbox, bad: readonly number[], more: readonly string[] = []): Promise<Submitted> {
  box.write('ds/bad', bad.join('\n'))
  return scheduleToEnd(box, [
    '-o',
    'out/{task}',
    '-m',
    'why',
    'sbatch',
    '--array=0-3%2',
    ...more,
    'job.sh',
    script,
  ])
}

/** Runs the failed tasks again, and waits for their end. */
async function again(
  box: Sandbox,
  job: string,
  bad: readonly number[],
): Promise<{ readonly told: Told; readonly job: string; readonly id: number }> {
  box.write('ds/bad', bad.join('\n'))
  const told = await tell(box, ['reschedule', '--failed-tasks', job])
  const made = told.results.find(({ action, status: how }) => action === 'schedule' && how === 'ok')
  if (made?.job === undefined) throw new Error(told.stdout + told.stderr)
  const id = made.slurm_job_id ?? 0
  if (id !== 0) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  } else await localEnded(box, made.job)
  return { told, job: made.job, id }
}

test('the failed tasks run again as one array, chained to the record of the others, until all are good', async () => {
  await using box = await sandboxWithDataset()
  const first = await array(box, [1, 3])
  const early = await tell(box, ['reschedule', '--failed-tasks', first.job])
  expect(early.words).toContain(`\`waybill finish --completed-tasks ${first.id}\``)
  expect(early.code).toBe(1)
  await finish(box, ['--completed-tasks'])
  const good = await box.git('ds', 'rev-parse', 'HEAD')

  const second = await again(box, String(first.id), [3])
  expect(await jobStates(box, second.id)).toHaveLength(2)
  expect(await openJobs(box)).toEqual([second.job])
  expect((await box.waybill(['show', first.job], { cwd: 'ds' })).stdout).toContain(
    'its failed tasks were submitted again',
  )
  expect((await tell(box, ['reschedule', '--failed-tasks', first.job])).words).toContain(
    `run again as ${second.job} already`,
  )
  await finish(box, ['--completed-tasks'])
  const { message, record } = await recordOf(box)
  expect(message).toContain(
    `[DATALAD SLURM RUN] Slurm job ${second.id}: Completed\n\nwhy\n\nRe-submission of job ${first.id}.`,
  )
  expect(record['chain']).toEqual([good])
  expect(record.cmd).toContain('--array=1,3%2 job.sh')
  expect(record.outputs.slice(0, 2)).toEqual(['out/1', 'out/3'])
  expect(record.waybill).toMatchObject({ recorded_tasks: '1', task_outputs: ['out/{task}'] })
  expect(await changesOf(box)).toContain('A out/1')

  const retried = await box.git('ds', 'rev-parse', 'HEAD')
  const third = await again(box, second.job, [])
  await finish(box)
  const last = await recordOf(box)
  expect(last.record['chain']).toEqual([good, retried])
  expect(last.record.waybill['tasks']).toEqual([expect.stringMatching(/^3 COMPLETED/)])
  expect(await recordsByJob(box)).toEqual({ [first.id]: 1, [second.id]: 1, [third.id]: 1 })
  expect(await status(box)).toBe(
    `?? bad\n?? slurm-${first.id}_1.out\n?? slurm-${first.id}_3.out\n?? slurm-${second.id}_3.out`,
  )
  expect(await askLedger(box, 'SELECT * FROM reservations')).toEqual([])
  await whole(box)
})

test('a record of some tasks is run again for these alone; by datalad-slurm the array is', async () => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  await array(box, [1])
  await finish(box, ['--completed-tasks'])
  await finish(box, ['--close-failed-jobs'])
  const told = await tell(box, ['reschedule'])
  expect(told.code, told.words).toBe(0)
  const id = told.results.find(({ action }) => action === 'schedule')?.slurm_job_id ?? 0
  expect(await jobEnded(box, id)).toHaveLength(3)
  await jobAccounted(box, id)
  await finish(box)
  const { record } = await recordOf(box)
  expect(record.outputs.slice(0, 3)).toEqual(['out/0', 'out/2', 'out/3'])
  expect(record.cmd).toContain('--array=0,2-3%2 job.sh')
  const theirs = await slurmSubmit(box, ['slurm-reschedule', 'HEAD~1'])
  expect(await jobEnded(box, theirs)).toHaveLength(4)
})

test('an array of which no task completed, with a script from standard input', async () => {
  await using box = await sandboxWithDataset()
  const input = '#!/bin/sh\n#SBATCH --array=4-5\nmkdir -p out; echo 1 >out/$SLURM_ARRAY_TASK_ID; test -e go\n'
  const first = await scheduleToEnd(box, ['-o', 'out', 'sbatch'], { input })
  box.write('ds/go', '')
  const second = await again(box, String(first.id), [])
  await finish(box)
  const { record } = await recordOf(box)
  expect(record['chain']).toEqual([])
  expect(record.cmd).toBe('sbatch --array=4-5')
  expect(await recordsByJob(box)).toEqual({ [second.id]: 1 })
})

test('a record of an array that failed in part, from the ledger and in another clone', async () => {
  await using box = await sandboxWithDataset()
  const first = await array(box, [0, 2])
  await finish(box, ['--commit-failed-jobs'])
  const head = await box.git('ds', 'rev-parse', 'HEAD')
  const shown = await tell(box, ['reschedule', '--failed-tasks', first.job, '--report'])
  expect(shown.words).toContain('--array=0,2%2 job.sh')
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  const told = await tell(box, ['reschedule', '--failed-tasks', String(first.id), '--report'], {
    cwd: 'clone',
  })
  expect(told.words).toContain('--array=0,2%2 job.sh')
  await again(box, String(first.id), [])
  await finish(box)
  const { record } = await recordOf(box)
  expect(record['chain']).toEqual([head])
  expect(record.outputs.slice(0, 2)).toEqual(['out/0', 'out/2'])
  const none = await tell(box, ['reschedule', '--failed-tasks', 'HEAD'])
  expect(none.words).toContain('every task of job HEAD completed')
})

test('an array on this machine keeps its limit and its annexed outputs', async () => {
  await using box = await sandboxWithDataset()
  const make = 'head -c $2 /dev/zero >out/$1.bin'
  box.write('ds/make', `mkdir -p out; ${make}`)
  await box.run(
    [
      'sh',
      '-c',
      'for i in 0 1 2; do sh make $i 3000; done; rm make; git annex add -q out; git commit -qm old',
    ],
    { cwd: 'ds' },
  )
  const line = `test $WAYBILL_ARRAY_TASK_ID = 0 || ! test -e bad || exit 1; rm -f x; set -- $WAYBILL_ARRAY_TASK_ID 3001; ${make}`
  box.write('ds/bad', '')
  const first = await schedule(box, ['--array', '0-2%1', '-o', 'out/{task}.bin', 'sh', '-c', line])
  await localEnded(box, first.job)
  await finish(box, ['--completed-tasks'])
  expect(await changesOf(box)).toEqual(['M out/0.bin'])
  await box.run(['rm', 'bad'], { cwd: 'ds' })
  const second = await tell(box, ['reschedule', '--failed-tasks', first.job])
  expect(second.words).toContain('2 annexed outputs made writable')
  await localEnded(box, second.results.find(({ action }) => action === 'schedule')?.job ?? '')
  await finish(box)
  expect(await changesOf(box)).toEqual(['M out/1.bin', 'M out/2.bin'])
  expect((await recordOf(box)).record.waybill).toMatchObject({ array: '1-2%1' })
  expect(await status(box)).toBe('')
})

test('what is no array, still runs, or all completed is not run again in part', async () => {
  await using box = await sandboxWithDataset()
  const refused = async (job: string): Promise<string> => {
    const told = await tell(box, ['reschedule', '--failed-tasks', job])
    expect(told.code).toBe(1)
    return told.words
  }
  const single = await scheduleToEnd(box, ['-o', 'a', 'sbatch', 'job.sh', 'false'])
  expect(await refused(single.job)).toContain('is no array')
  const held = await schedule(box, ['-o', 'b/{task}', 'sbatch', '--hold', '--array=0-1', 'job.sh', 'true'])
  expect(await refused(held.job)).toContain('are not complete')
  await tell(box, ['cancel', held.job])
  const good = await scheduleToEnd(box, ['-o', 'c/{task}', 'sbatch', '--array=0-1', 'job.sh', 'true'])
  expect(await refused(good.job)).toContain('there is nothing to run again')
  expect(await refused('w99')).toContain('there is no job w99')
  expect(await refused('77777777')).toContain('there is no job 77777777')
  const both = await tell(box, ['reschedule', '--failed-tasks', good.job, 'HEAD'])
  expect(both.code).toBe(2)
})

test('a refused submission leaves the array open as it was; of two at once exactly one submits', async () => {
  await using box = await sandboxWithDataset()
  const first = await array(box, [1, 2])
  await finish(box, ['--completed-tasks'])
  const refused = await tell(box, ['reschedule', '--failed-tasks', first.job], {
    env: { SBATCH_PARTITION: 'nowhere' },
  })
  expect(refused.words).toContain('sbatch refused')
  expect(await openJobs(box)).toEqual([first.job])
  const reserved = await askLedger(box, 'SELECT job FROM reservations GROUP BY job')
  expect(reserved).toEqual([{ job: 1 }])

  box.write('ds/bad', '')
  const both = await Promise.all(
    [1, 2].map(async () => tell(box, ['reschedule', '--failed-tasks', first.job])),
  )
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1])
  const open = await openJobs(box)
  expect(open).toHaveLength(1)
  const id =
    both
      .flatMap(({ results }) => results)
      .find(({ slurm_job_id }) => slurm_job_id !== undefined && slurm_job_id !== first.id)?.slurm_job_id ?? 0
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await Promise.all([1, 2].map(async () => finish(box)))
  expect(await recordsByJob(box)).toEqual({ [first.id]: 1, [id]: 1 })
})
