import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobAccounted, jobEnded } from './support/job.ts'
import type { RunOptions, Sandbox } from './support/sandbox.ts'
import {
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  status,
  tell,
  type Told,
} from './support/scenario.ts'
import { clusterJobs } from './support/template.ts'

let box: Sandbox
beforeAll(async () => {
  box = await sandboxWithDataset()
})
afterAll(async () => box.dispose())

interface Several extends Told {
  readonly job: string
  readonly ids: readonly number[]
}

/** Schedules a script that calls sbatch itself, or a line; gives the ids of its jobs. */
async function scheduleSeveral(words: readonly string[], options: RunOptions = {}): Promise<Several> {
  const told = await tell(box, ['schedule', '--scheduler', 'slurm', ...words], options)
  const result = told.results.find((one) => one.action === 'schedule' && one.status === 'ok')
  const ids = (result as { slurm_job_ids?: readonly number[] } | undefined)?.slurm_job_ids
  if (result?.job === undefined || ids === undefined) throw new Error(`${told.stdout}${told.stderr}`)
  return { ...told, job: result.job, ids }
}

/** Records a job whose declared output is nobody's concern. */
async function record(job: string): Promise<void> {
  const told = await tell(box, ['finish', job])
  expect(told.results).toContainEqual(expect.objectContaining({ action: 'save', status: 'ok', job }))
}

/** An output that no other test has. */
let outputs = 0
const output = (): readonly string[] => ['-o', `none-${outputs++}`]

async function ended(ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
}

/** Writes a script into the dataset that git does not see. */
function script(name: string, text: string, head = '#!/bin/bash'): string {
  const path = `../${name}`
  box.write(name, `${head}\n${text}\n`, 0o755)
  return path
}

test('a script that calls sbatch once, twice and for an array is one job with one record', async () => {
  const all = script(
    'all.sh',
    `sbatch job.sh 'echo 1 >out/a'
sbatch --output=second.log -J two job.sh 'echo 2 >out/b; echo said'
sbatch --array=1-2 job.sh 'echo $SLURM_ARRAY_TASK_ID >out/t$SLURM_ARRAY_TASK_ID'`,
  )
  box.write('ds/out/.keep', '')
  const { job, ids, stdout } = await scheduleSeveral(['-o', 'out', 'bash', all])
  const [first, second, third] = ids
  expect(ids).toHaveLength(3)
  expect(await openJobs(box)).toContain(job)
  await ended(ids)
  await finish(box, [`${third}`])
  const { record: made, title, message } = await recordOf(box)
  expect(title).toBe(`[DATALAD SLURM RUN] Slurm job ${first}: Completed`)
  expect(made).toMatchObject({
    cmd: 'bash ../all.sh',
    slurm_job_id: first,
    waybill: {
      state: 'COMPLETED',
      jobs: [
        { slurm_job_id: first, state: 'COMPLETED' },
        { slurm_job_id: second, state: 'COMPLETED' },
        { slurm_job_id: third, state: 'COMPLETED', tasks: ['1-2 COMPLETED'] },
      ],
    },
  })
  const logs = [`slurm-${first}.out`, 'second.log', `slurm-${third}_1.out`, `slurm-${third}_2.out`]
  expect(made['slurm_outputs']).toEqual([...logs, ...ids.map((id) => `slurm-job-${id}.env.json`)])
  expect(await changesOf(box)).toEqual(
    [
      ...logs,
      ...ids.map((id) => `slurm-job-${id}.env.json`),
      ...['a', 'b', 't1', 't2'].map((name) => `out/${name}`),
      'out/.keep',
    ]
      .map((path) => `A ${path}`)
      .toSorted(),
  )
  expect(message).not.toContain('waybill:')
  expect(stdout).not.toBe('')
  expect(await status(box)).toBe('')
  const shown = (await box.waybill(['show', `${second}`], { cwd: 'ds' })).stdout
  expect(shown).toContain(`${first} COMPLETED, ${second} COMPLETED, ${third} (1-2 COMPLETED)`)
  const environment = JSON.parse(box.read(`ds/slurm-job-${second}.env.json`)) as Record<string, string>
  expect(environment).toMatchObject({ JobName: 'two', JobState: 'COMPLETED' })
})

describe('each way to call sbatch is seen', () => {
  test.each([
    ['a loop', 'for n in 1 2 3; do sbatch job.sh "echo $n >made-$n"; done', 3],
    ['a dependency chain', 'j=$(sbatch --parsable job.sh true); sbatch -d afterok:$j job.sh true', 2],
    ['--parsable printed', 'sbatch --parsable job.sh true; echo 3; echo 12345678', 1],
    ['an absolute path', '/usr/bin/sbatch job.sh true; sbatch job.sh true', 2],
    ['an absolute path and --parsable', '/usr/bin/sbatch --parsable job.sh true', 1],
    ['an array by an absolute path', '/usr/bin/sbatch --array=3-5:2 job.sh true', 1],
    ['a PATH set anew', 'PATH=/usr/bin:/bin; sbatch job.sh true', 1],
    ['output thrown away', 'sbatch job.sh true >/dev/null', 1],
    ['--quiet', 'sbatch --quiet job.sh true', 1],
    ['a script from standard input', 'printf "#!/bin/sh\\ntrue\\n" | sbatch -J piped', 1],
    ['--wrap', 'sbatch --wrap "true" | tee ../printed', 1],
    ['--wait and a job that completes', 'sbatch --wait job.sh true', 1],
    ['a script that is removed at once', 'cp job.sh tmp.sh; sbatch tmp.sh true; rm tmp.sh', 1],
    ['a reader that does not listen', 'sbatch job.sh true | true', 1],
    ['from another directory', 'mkdir -p below; cd below; sbatch ../job.sh true', 1],
  ])('%s', async (what, text, count) => {
    const path = script('way.sh', text)
    const { ids, job } = await scheduleSeveral([...output(), 'bash', path])
    expect(ids, what).toHaveLength(count)
    await ended(ids)
    await record(job)
    expect((await recordOf(box)).record.waybill['jobs']).toHaveLength(count)
    expect(await status(box)).not.toMatch(/^ M/m)
  })

  test('under a login shell, which sets PATH itself', async () => {
    const path = script('login.sh', 'sbatch job.sh true', '#!/bin/bash -l')
    const { ids, job } = await scheduleSeveral([...output(), path])
    expect(ids).toHaveLength(1)
    await ended(ids)
    await record(job)
    expect(await changesOf(box)).toContain(`A slurm-${ids[0]}.out`)
  })

  test.each([
    ['a line that needs a shell', 'cd . && sbatch job.sh true | tee ../log'],
    ['a line with a variable', 'X=job.sh; sbatch $X true'],
  ])('%s', async (_, line) => {
    const told = await tell(box, ['schedule', ...output(), line])
    expect(told.code, told.words).toBe(0)
    expect(told.results.at(-1)).toMatchObject({ slurm_job_ids: [expect.any(Number)] })
    await ended([told.results.at(-1)?.slurm_job_id ?? 0])
    await record(told.results.at(-1)?.job ?? '')
    expect((await recordOf(box)).record.cmd).toBe(line)
  })
})

test('jobs inherit nothing of it', async () => {
  const work = 'command -v sbatch; env; echo $PATH'
  const path = script('inherit.sh', `sbatch job.sh '${work}'`)
  const { ids, job } = await scheduleSeveral([...output(), 'bash', path])
  await ended(ids)
  const log = box.read(`ds/slurm-${ids[0]}.out`)
  expect(log.split('\n')[0]).toBe('/usr/bin/sbatch')
  expect(log).not.toContain('.git/waybill')
  expect(log).not.toContain('wb_')
  await record(job)
})

test('a comment of the user stays the one that Slurm keeps', async () => {
  box.write('commented.sh', '#!/bin/sh\n#SBATCH --comment="of the script"\ntrue\n')
  const text =
    'sbatch --hold --comment=mine job.sh true; sbatch --hold ../commented.sh; sbatch --hold job.sh true'
  const { ids, job } = await scheduleSeveral([...output(), 'bash', script('comments.sh', text)])
  const shown = await box.run(['squeue', '-h', '-j', ids.join(), '-o', '%i %k', '-S', 'i'])
  const comments = shown.stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\d+ /, ''))
  expect(comments).toEqual(['mine', 'of the script', expect.stringMatching(/^waybill:/)])
  const cancelled = await tell(box, ['cancel', job])
  expect(cancelled.code, cancelled.words).toBe(0)
  await ended(ids)
  const told = await tell(box, ['finish', '--close-failed-jobs', job])
  expect(told.words).toContain(ids.map((id) => `${id}: CANCELLED`).join(', '))
  expect(await openJobs(box)).not.toContain(job)
})

test('a script that fails after its second job: both are known, and its exit code is passed on', async () => {
  const text = 'sbatch job.sh true; sbatch job.sh true; sbatch -p nowhere job.sh true || exit 7'
  const { ids, job, code, words } = await scheduleSeveral([...output(), 'bash', script('fails.sh', text)])
  expect(code).toBe(7)
  expect(ids).toHaveLength(2)
  expect(words).toContain('exit code 7, after it had submitted 2 jobs')
  await ended(ids)
  await record(job)
})

test.each([
  ['and succeeds', 'true', 'submitted no job to Slurm, as far as'],
  ['and fails', 'echo broken >&2; exit 3', 'ended with exit code 3: broken'],
  ['since sbatch refused', 'sbatch -p nowhere job.sh', 'invalid partition'],
  ['since it only asked', 'sbatch --test-only job.sh true', 'submitted no job to Slurm'],
])('a script that submits nothing %s leaves nothing open', async (_, text, words) => {
  const open = await openJobs(box)
  const told = await tell(box, [
    'schedule',
    '--scheduler',
    'slurm',
    ...output(),
    'bash',
    script('nothing.sh', text),
  ])
  expect(told.code).toBe(1)
  expect(told.words).toContain(words)
  expect(await openJobs(box)).toEqual(open)
})

test('one job fails: the job has failed, and --commit-failed-jobs records all with the state of each', async () => {
  const text = "sbatch job.sh 'echo 1 >half'; sbatch --array=0-1 job.sh 'exit $SLURM_ARRAY_TASK_ID'"
  const { ids, job } = await scheduleSeveral(['-o', 'half', 'bash', script('half.sh', text)])
  await ended(ids)
  const told = await tell(box, ['finish', job])
  expect(told.code).toBe(1)
  expect(told.words).toContain(`Statuses: ${ids[0]}: COMPLETED, ${ids[1]}_0: COMPLETED, ${ids[1]}_1: FAILED`)
  await finish(box, ['--commit-failed-jobs', job])
  const { title, record: made } = await recordOf(box)
  expect(title).toContain(`Slurm job ${ids[0]}: Array failed (some complete)`)
  expect(made.waybill['jobs']).toMatchObject([
    { state: 'COMPLETED' },
    { state: 'MIXED', tasks: ['0 COMPLETED', expect.stringMatching(/^1 FAILED/)] },
  ])
})

test('logs of each job, by its own id', async () => {
  const text = "sbatch job.sh 'echo one'; sbatch --array=4 job.sh 'echo two'"
  const { ids, job } = await scheduleSeveral([...output(), 'bash', script('logs.sh', text)])
  await ended(ids)
  expect((await tell(box, ['logs', job])).words).toContain(`${ids[0]}, ${ids[1]}`)
  expect((await box.waybill(['logs', `${ids[0]}`], { cwd: 'ds' })).stdout).toBe('one\n')
  expect((await box.waybill(['logs', `${ids[1]}_4`], { cwd: 'ds' })).stdout).toBe('two\n')
  await record(job)
})

test('--after waits for every job of it', async () => {
  const name = `after${process.pid}`
  const text = 'sbatch --hold job.sh true; sbatch --hold job.sh true'
  const { ids, job } = await scheduleSeveral([...output(), 'bash', script('after.sh', text)])
  const told = await tell(box, [
    'schedule',
    '-o',
    'later',
    '--after',
    job,
    'sbatch',
    '-J',
    name,
    'job.sh',
    'true',
  ])
  expect(told.code, told.words).toBe(0)
  const [waiting] = await clusterJobs(box, name)
  const shown = await box.run(['scontrol', 'show', 'job', waiting ?? ''])
  for (const id of ids) expect(shown.stdout).toContain(`afterok:${id}(`)
  await tell(box, ['cancel', job, waiting ?? ''])
  await ended(ids)
})
