import { expect, test } from 'vitest'
import { localEnded } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded, jobStates } from './support/job.ts'
import {
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
} from './support/scenario.ts'
import { addSubdataset } from './support/subdatasets.ts'
import { recordsByJob, whole } from './support/template.ts'

const index = '$SLURM_ARRAY_TASK_ID'

test('a file that may be of a good task and of a bad one is not recorded', async () => {
  await using box = await sandboxWithDataset()
  const line = 'mkdir -p out; echo 1 >out/0-1; echo 1 >out/0-0; test $WAYBILL_ARRAY_TASK_ID = 0'
  const outputs = ['-o', 'out/{task}-*', '-o', 'out/*-{task}']
  const { job } = await schedule(box, ['--array', '0-1', ...outputs, 'sh', '-c', line])
  await localEnded(box, job)
  const refused = await tell(box, ['finish', '--completed-tasks'])
  expect(refused.words).toContain('made out/0-1, and so nothing')
  expect(await recordsByJob(box)).toEqual({})
})

test('files of another array in the same folder are its own, between and behind those of this one', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const line = `mkdir -p out; echo made >out/$WAYBILL_ARRAY_TASK_ID.csv; case $WAYBILL_ARRAY_TASK_ID in 2) exit 1 ;; 9) ${gate.line} ;; esac`
  const array = async (indices: string) =>
    schedule(box, ['--array', indices, '-o', 'out/{task}.csv', 'sh', '-c', line])
  const [one, other] = [await array('0,2'), await array('1,9')]
  await gate.reached()
  await localEnded(box, one.job)
  await finish(box, ['--completed-tasks', one.job])
  expect(await changesOf(box)).toContain('A out/0.csv')
  await finish(box, ['--commit-failed-jobs', one.job])
  const made = (await box.run(['git', '-C', 'ds', 'ls-files', 'out'])).stdout
  expect(made).toBe('out/0.csv\nout/2.csv\n')
  await gate.open()
  await localEnded(box, other.job)
  await finish(box)
  expect((await changesOf(box)).filter((change) => change.includes('out/'))).toEqual([
    'A out/1.csv',
    'A out/9.csv',
  ])
})

test(
  'a task that ran out of memory is a bad one, and a requeued one is as it ended at last',
  { timeout: 200_000 },
  async () => {
    await using cluster = await takeCluster('preempt')
    await using box = await sandboxWithDataset({ env: cluster.env })
    const gate = makeGate(box)
    const eat = 'head -c 128000000 /dev/zero | tail >/dev/null; exit 1'
    const script = `mkdir -p out; echo $SLURM_RESTART_COUNT >out/${index}; case ${index} in 1) ${eat} ;; 2) ${gate.line} ;; esac`
    const words = ['-o', 'out/{task}', 'sbatch', '--requeue', '--mem=64', '--array=0-2', 'job.sh', script]
    const { id } = await schedule(box, words)
    await gate.reached()
    await box.run(['scontrol', 'requeue', `${id}_2`])
    await gate.open()
    // A requeued job may have to wait until its old credential has run out.
    expect((await jobEnded(box, id, 150_000)).toSorted()).toEqual(['COMPLETED', 'COMPLETED', 'OUT_OF_MEMORY'])
    await jobAccounted(box, id)
    await finish(box, ['--completed-tasks'])
    expect((await recordOf(box)).record.waybill['recorded_tasks']).toBe('0,2')
    expect(box.read('ds/out/2')).toBe('1\n')
    const told = await tell(box, ['reschedule', '--failed-tasks', String(id), '--', '--mem=65'])
    expect(told.words).toContain('--mem=65 --array=1 job.sh')
    await tell(box, ['cancel', 'w2'])
  },
)

test('of two finish at once one records the completed tasks', async () => {
  await using box = await sandboxWithDataset()
  const script = `mkdir -p out; echo 1 >out/${index}; test ${index} = 1`
  const { id } = await scheduleToEnd(box, ['-o', 'out/{task}', 'sbatch', '--array=0-1', 'job.sh', script])
  const both = await Promise.all([1, 2].map(async () => finish(box, ['--completed-tasks'])))
  expect(both.map(({ results }) => results.some(({ action }) => action === 'save')).toSorted()).toEqual([
    false,
    true,
  ])
  expect(await recordsByJob(box)).toEqual({ [id]: 1 })
  await whole(box)
})

test('a thousand tasks of which two failed', { timeout: 200_000 }, async () => {
  await using box = await sandboxWithDataset()
  const script = `mkdir -p out; echo 1 >out/${index}.csv; case ${index} in 7|700) test -e go ;; esac`
  const words = ['-o', 'out/{task}.csv', 'sbatch', '--array=0-999', '--output=/dev/null', 'job.sh', script]
  const { id } = await schedule(box, words)
  await jobEnded(box, id, 150_000)
  await finish(box, ['--completed-tasks'])
  const made = (await changesOf(box)).filter((path) => path.startsWith('A out/'))
  expect(made).toHaveLength(998)
  expect(made).not.toContain('A out/700.csv')
  expect((await recordOf(box)).record.waybill['recorded_tasks']).toBe('0-6,8-699,701-999')
  box.write('ds/go', '')
  const told = await tell(box, ['reschedule', '--failed-tasks', String(id)])
  expect(told.words).toContain('--array=7,700')
  const next = told.results.find(({ action }) => action === 'schedule')?.slurm_job_id ?? 0
  expect(await jobStates(box, next)).toHaveLength(2)
  await jobEnded(box, next)
  await finish(box)
  expect((await recordOf(box)).record.outputs.slice(0, 2)).toEqual(['out/7.csv', 'out/700.csv'])
})

test('unlocked annexed files of a subdataset that no task changed are nobody’s, and so do not keep tasks from being told', async () => {
  await using box = await sandboxWithDataset()
  await addSubdataset(box, 'ds', 'sub')
  box.write('ds/sub/keep.bin', new Uint8Array([0, 1, 2]))
  for (const words of [
    ['add', '-q', 'keep.bin'],
    ['unlock', '-q', 'keep.bin'],
  ])
    await box.git('ds/sub', 'annex', ...words)
  await box.git('ds/sub', 'commit', '-qam', 'Keep')
  await box.git('ds', 'commit', '-qm', 'Point to it', '--', 'sub')
  const line = 'echo 1 >sub/$WAYBILL_ARRAY_TASK_ID; exit $WAYBILL_ARRAY_TASK_ID'
  const outputs = ['-o', 'sub/', '-o', 'sub/{task}']
  const { job } = await schedule(box, ['--array', '0-1', ...outputs, 'sh', '-c', line])
  await localEnded(box, job)
  const told = await tell(box, ['finish', '--completed-tasks'])
  expect(told.code, told.words).toBe(0)
  expect(await changesOf(box, 'HEAD', 'ds/sub')).toEqual(['A 0'])
})
