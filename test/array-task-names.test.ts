import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localEnded } from './support/after-kill.ts'
import { slurmFinish, slurmSubmit } from './support/datalad.ts'
import { jobAccounted, jobEnded, jobStates } from './support/job.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  recordOf,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  tell,
  type Submitted,
} from './support/scenario.ts'

const index = '$SLURM_ARRAY_TASK_ID'
/** Each task writes its file; those that the file `bad` names end with their index as exit code. */
const script = `mkdir -p out; echo made >out/${index}; ! grep -qx ${index} bad || exit ${index}`

/** An array 0-3 of which the tasks in `bad` fail. */
async function array(box: Sandbox, bad: readonly number[], more: readonly string[] = []): Promise<Submitted> {
  box.write('ds/bad', bad.join('\n'))
  return scheduleToEnd(box, ['-o', 'out/{task}', 'sbatch', '--array=0-3', ...more, 'job.sh', script])
}

async function showJson(
  box: Sandbox,
  target: string,
  cwd = 'ds',
): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await box.waybill(['show', '--json', target], { cwd })).stdout)
}

async function refusal(box: Sandbox, words: readonly string[], cwd = 'ds'): Promise<string> {
  const told = await tell(box, words, { cwd })
  expect(told.code, told.stdout).toBe(1)
  return told.words
}

/** Runs what was named again, and waits for its end. */
async function again(box: Sandbox, words: readonly string[]): Promise<number> {
  const told = await tell(box, ['reschedule', ...words])
  expect(told.code, told.words).toBe(0)
  const id = told.results.find(({ action }) => action === 'schedule')?.slurm_job_id ?? 0
  await jobEnded(box, id)
  await jobAccounted(box, id)
  return id
}

describe('of an array that is recorded with two failed tasks', () => {
  let box: Sandbox
  let id: number
  let job: string
  let commit: string
  beforeAll(async () => {
    box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'logs/read.me': '\n' })
    const made = await array(box, [2, 3], ['-o', 'logs/%A-%3a.out'])
    ;({ id, job } = made)
    // Exit codes are accounting's.
    await finish(box, ['--commit-failed-jobs'], { cwd: 'ds', env: { WAYBILL_FACTS_WAIT: undefined } })
    commit = await box.git('ds', 'rev-parse', 'HEAD')
  })
  afterAll(async () => box.dispose())

  test('a task is shown by commit and by job: how it ended, its logs, its outputs', async () => {
    const shown = await showJson(box, 'HEAD:3')
    expect(shown).toMatchObject({
      kind: 'task',
      job: `${id}_3`,
      task: 3,
      commit,
      recorded: true,
      state: 'FAILED',
      exit: { code: 3, signal: 0 },
      logs: [`logs/${id}-003.out`],
      outputs: ['out/3'],
      attempts: [],
    })
    expect(shown['made']).toEqual([
      { path: `logs/${id}-003.out`, what: 'added' },
      { path: 'out/3', what: 'added' },
    ])
    for (const name of [`${commit.slice(0, 9)}:3`, `${id}:3`, `${id}_3`, `${job}:3`, `${job}_3`])
      expect(await showJson(box, name), name).toEqual(shown)
    const lines = (await box.waybill(['show', 'HEAD:1'], { cwd: 'ds' })).stdout
    // What it took is no two times the same.
    expect(lines.replaceAll(/^(took|made use of): .*\n/gm, '')).toBe(`task:          ${id}_1
record:        ${commit}
command:       ${(await recordOf(box)).record.cmd}
ended as:      COMPLETED, exit code 0
logs:
  logs/${id}-001.out
outputs declared:
  out/1
it made:
  logs/${id}-001.out
  out/1
`)
    await box.run(['git', 'clone', '-q', 'ds', 'clone'])
    expect(await showJson(box, `${id}_3`, 'clone')).toEqual(shown)
  })

  test('exactly the named tasks run again, chained to the record', async () => {
    const one = await again(box, [`${commit}:3`])
    expect(await jobStates(box, one)).toHaveLength(1)
    await finish(box, ['--commit-failed-jobs'])
    const { record } = await recordOf(box)
    expect(record['chain']).toEqual([commit])
    expect(record.outputs[0]).toBe('out/3')
    expect(record.waybill['tasks']).toEqual([expect.stringMatching(/^3 FAILED/)])

    box.write('ds/bad', '')
    const some = await again(box, [`${id}:0,2-3`])
    expect(await jobStates(box, some)).toHaveLength(3)
    await finish(box)
    expect((await recordOf(box)).record).toMatchObject({
      chain: [commit],
      cmd: expect.stringContaining('--array=0,2-3 job.sh'),
      waybill: { tasks: ['0,2-3 COMPLETED'] },
    })
    expect(await showJson(box, 'HEAD:2')).toMatchObject({ job: `${some}_2`, state: 'COMPLETED' })

    const byJob = await tell(box, ['reschedule', `${id}_2`, '--report'])
    expect(byJob.words).toContain('--array=2 job.sh')
    const replay = await box.waybill(['reschedule', '--script=-', `${commit}:1-2`], { cwd: 'ds' })
    expect(replay.stdout).toContain('--array=1-2')
  })

  test('tasks that the record does not have are told, with those that there are', async () => {
    expect(await refusal(box, ['show', `${commit}:9`])).toContain(`${commit} has no task 9; it has 0-3`)
    const range = await refusal(box, ['reschedule', `${id}:2-5`])
    expect(range).toContain(`${id} has no tasks 4-5; it has 0-3`)
    expect(await refusal(box, ['show', `${id}:1-2`])).toContain(`as in \`waybill show ${id}:1\``)
  })

  test('a task that ran several times is shown with each of its attempts', async () => {
    const message = await box.git('ds', 'log', '-1', '--format=%B', commit)
    const attempts = [
      { task: 2, state: 'PREEMPTED', started: '2026-01-01T00:00:00Z', elapsed_seconds: 7, node_list: 'n1' },
      { task: 1, state: 'COMPLETED', started: null, ended: null },
    ]
    const told = message.replace('"waybill": {', `"waybill": {"attempts": ${JSON.stringify(attempts)},`)
    await box.run(['git', 'commit', '-q', '--allow-empty', '-F', '-'], { cwd: 'ds', input: told })
    expect((await showJson(box, 'HEAD:2'))['attempts']).toEqual([attempts[0]])
    const lines = (await box.waybill(['show', 'HEAD:2'], { cwd: 'ds' })).stdout
    expect(lines).toMatch(/1 attempt:\n {2}PREEMPTED, at 2026-01-01 \S+, for 7 s, on n1\n/)
  })
})

test('an open array, and one that is recorded in parts, are named by task too', async () => {
  await using box = await sandboxWithDataset()
  const { id, job } = await array(box, [1, 3])
  expect(await showJson(box, `${job}_3`)).toMatchObject({
    job: `${id}_3`,
    commit: null,
    recorded: false,
    state: 'FAILED',
    logs: [`slurm-${id}_3.out`],
    outputs: ['out/3'],
  })
  expect(await refusal(box, ['reschedule', `${id}_3`])).toContain(`job ${id} is still open`)
  await finish(box, ['--completed-tasks'])
  const good = await box.git('ds', 'rev-parse', 'HEAD')
  expect(await showJson(box, `${id}_2`)).toMatchObject({ commit: good, recorded: true, state: 'COMPLETED' })
  expect(await showJson(box, `${id}_3`)).toMatchObject({ commit: null, state: 'FAILED' })
  expect(await showJson(box, `${good}:3`)).toMatchObject({ recorded: false, state: 'FAILED', made: [] })
  await finish(box, ['--commit-failed-jobs'])
  const bad = await box.git('ds', 'rev-parse', 'HEAD')
  await box.run(['git', 'clone', '-q', 'ds', 'clone'])
  for (const cwd of ['ds', 'clone']) {
    expect(await showJson(box, `${id}:0`, cwd)).toMatchObject({ commit: good, recorded: true })
    expect(await showJson(box, `${id}:3`, cwd)).toMatchObject({ commit: bad, recorded: true })
  }
})

test('an array of this machine', async () => {
  await using box = await sandboxWithDataset()
  const line = 'mkdir -p out; echo $WAYBILL_ARRAY_TASK_ID >>out/$WAYBILL_ARRAY_TASK_ID'
  const { job } = await schedule(box, ['--array=0-2', '-o', 'out/{task}', 'sh', '-c', line])
  await localEnded(box, job)
  await finish(box)
  expect(await showJson(box, `${job}_1`)).toMatchObject({
    job: `${job}_1`,
    state: 'COMPLETED',
    outputs: ['out/1'],
  })
  const told = await tell(box, ['reschedule', 'HEAD:1'])
  const next = told.results.find(({ action }) => action === 'schedule')?.job ?? ''
  await localEnded(box, next)
  await finish(box)
  expect(await changesOf(box)).toEqual(['M out/1'])
})

test('what has no tasks says so, and names with a colon mean what they did', async () => {
  await using box = await sandboxWithDataset({ annex: 'wheel' })
  const { id } = await scheduleToEnd(box, [
    '-o',
    'odd:3',
    '-o',
    '7',
    'sbatch',
    'job.sh',
    'echo 1 | tee 7 >odd:3',
  ])
  await finish(box)
  expect(await refusal(box, ['show', 'HEAD:3'])).toContain('HEAD is no array, and has no tasks')
  expect(await refusal(box, ['reschedule', `${id}_3`])).toContain(`${id} is no array`)
  expect(await showJson(box, 'odd:3')).toMatchObject({ kind: 'record', record: { slurm_job_id: id } })
  expect(await refusal(box, ['reschedule', 'HEAD:job.sh'])).not.toContain('task')

  const words = [
    'slurm-schedule',
    '-o',
    'theirs',
    'sbatch',
    '--array=0-1',
    'job.sh',
    'mkdir -p theirs; date >theirs/a',
  ]
  const theirs = await slurmSubmit(box, words)
  await slurmFinish(box, theirs)
  for (const command of ['show', 'reschedule'])
    expect(await refusal(box, [command, 'HEAD:1'])).toContain(
      'was not made by Waybill, and says nothing of single tasks',
    )
})
