import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobToken, SchedulerJobId } from '../contract/ids.ts'
import { phaseOf } from '../contract/job-state.ts'
import type { JobReference, Look, LookOptions, Row, SubmitRequest } from '../contract/scheduler.ts'
import { run } from '../process/run.ts'
import { askAccounting } from './accounting.ts'
import { askConfig } from './config.ts'
import { logPlan, placeLog } from './log-pattern.ts'
import { readSbatch } from './sbatch-line.ts'
import { slurmScheduler } from './slurm.ts'
import type { SlurmSettings } from './slurm.ts'

// Run against the cluster of SLURM_CONF. `npm run cluster -- env` says which.
const env = process.env as Readonly<Record<string, string>>
const now = (): number => Date.now() / 1000
const settings: SlurmSettings = { env, now, user: userInfo().username }
const slurm = slurmScheduler(settings)

let dir = ''
let folders = 0
const submitted: JobReference[] = []
beforeEach(() => {
  if (env['SLURM_CONF'] === undefined) throw new Error('SLURM_CONF names no cluster')
  dir = mkdtempSync(join(tmpdir(), 'slurm ünï\n'))
})
afterEach(async () => {
  await slurm.cancel(submitted.splice(0))
  rmSync(dir, { recursive: true, force: true })
})

function request(words: readonly string[], script = 'exit 0'): SubmitRequest {
  const folder = join(dir, `folder ${(folders += 1)}`)
  mkdirSync(folder)
  writeFileSync(join(dir, 'job.sh'), `#!/bin/sh\n${script}\n`)
  const token = BigInt(`0x${randomBytes(12).toString('hex')}`)
    .toString(36)
    .padStart(20, '0')
    .slice(0, 20)
  return {
    token: token as JobToken,
    name: 'w1',
    words: ['sbatch', ...words],
    cwd: dir,
    env,
    stdinFile: null,
    folder,
    array: null,
  }
}

async function submit(asked: SubmitRequest): Promise<JobReference> {
  const submittedAt = now()
  const outcome = await (await slurm.hold(asked)).go()
  if (outcome.kind !== 'submitted') throw new Error(JSON.stringify(outcome))
  const { token, folder } = asked
  const job = { id: outcome.id, cluster: outcome.cluster, user: settings.user, submittedAt, token, folder }
  submitted.push(job)
  return job
}

async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
  const patience = now() + 50
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (now() > patience) throw new Error('waited in vain')
  }
}

function rowsOf(look: Look, witness: 'queue' | 'accounting', job: JobReference): readonly Row[] {
  const testimony = look[witness]
  if (!testimony.answered && testimony.why !== 'not-asked') throw new Error(testimony.message)
  return testimony.answered ? testimony.rows.filter((row) => row.job === job.id) : []
}

/** Looks until a witness says that all of a job is over. */
async function whenOver(
  job: JobReference,
  parts: number,
  depth: LookOptions['depth'],
): Promise<readonly Row[]> {
  return eventually(async () => {
    const rows = rowsOf(await slurm.look([job], { depth }), depth === 'facts' ? 'accounting' : 'queue', job)
    return rows.length >= parts && rows.every((row) => phaseOf(row.state) === 'over') ? rows : null
  })
}

test('a job from submission to its facts, with a name of every kind of character', async () => {
  const jobName = 'na|me =x \x1f\x1e\n ü'
  const job = await submit(request(['-J', jobName, 'job.sh'], 'exit 3'))
  expect(await whenOver(job, 1, 'states')).toMatchObject([{ state: 'FAILED', facts: { name: jobName } }])
  const [row] = await whenOver(job, 1, 'facts')
  expect(row).toMatchObject({ state: 'FAILED', exit: { code: 3, signal: 0 }, user: settings.user })
  expect(row?.submitted).toBeGreaterThanOrEqual(job.submittedAt - 2)
  expect(row?.facts).toMatchObject({
    nodes: 1,
    cores: 1,
    elapsed_seconds: expect.any(Number),
    cpu_seconds: expect.any(Number),
  })
  const [described] = await slurm.describe([job])
  expect(described).toMatchObject({ JobName: jobName, ExitCode: '3:0', WorkDir: dir })
  expect(described).not.toHaveProperty('UserId')
})

test.each([
  ['one core', ['--mem=100M'], 'sleep 1.2'],
  ['two tasks', ['-n2', '-c2'], 'srun -n2 sleep 1.2; exit 1'],
  ['a GPU', ['--gres=gpu:1', '-t', '5'], 'sleep 0.1'],
])(
  'the controller and accounting together say of a job with %s what accounting says alone',
  async (_, words, script) => {
    const job = await submit(request([...words, 'job.sh'], script))
    await whenOver(job, 1, 'facts')
    const alone = await eventually(async () => {
      const answer = await askAccounting({ env, deadline: 30 }, [job.id], null, 'facts')
      return answer.ok && answer.value[0]?.end === null ? answer.value[0].row : null
    })
    expect(await whenOver(job, 1, 'facts')).toEqual([alone])
    expect(alone.facts).toMatchObject({ billing: expect.any(Number), qos: 'normal' })
  },
)

test('an array: tasks, and the rest of it folded', async () => {
  const job = await submit(request(['-a', '0-100:2%3', '--hold', 'job.sh']))
  const held = await slurm.look([job], { depth: 'states' })
  expect(rowsOf(held, 'queue', job)).toMatchObject([
    { folded: '0-100:2', state: 'PENDING', reason: 'JobHeldUser' },
  ])
  const plain = await submit(request(['-a', '1-3', 'job.sh'], 'exit $SLURM_ARRAY_TASK_ID'))
  const rows = await whenOver(plain, 3, 'facts')
  expect(rows.map((row) => [row.task, row.exit?.code]).toSorted()).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ])
})

test('the token is on the leader of a heterogeneous job', async () => {
  const asked = request(['-n1', ':', '-n2', 'job.sh'])
  const job = await submit(asked)
  const rows = await whenOver(job, 2, 'facts')
  expect(rows.map((row) => row.component).toSorted()).toEqual([0, 1])
  rmSync(asked.folder, { recursive: true })
  expect(
    await slurm.findToken(asked.token, job.submittedAt, asked.folder, userInfo().username),
  ).toMatchObject({
    kind: 'found',
    id: job.id,
  })
})

test('a token is found by the comment, and by the submitted line where the comment is the user’s', async () => {
  for (const words of [
    ['job.sh'],
    ['--comment=mine', 'job.sh'],
    ['--comment=mine', '--hold', 'job.sh'],
    ['-b', 'tomorrow', 'job.sh'],
  ]) {
    const asked = request(words)
    const job = await submit(asked)
    rmSync(asked.folder, { recursive: true })
    const found = await eventually(async () => {
      const search = await slurm.findToken(asked.token, job.submittedAt, asked.folder, userInfo().username)
      return search.kind === 'found' ? search : null
    })
    expect(found).toMatchObject({ id: job.id, submittedAt: expect.any(Number) })
  }
})

test('the comment that Slurm keeps is the user’s', async () => {
  const asked = request(['job.sh'], '#SBATCH --comment="two  words" --hold')
  const job = await submit(asked)
  expect(await slurm.describe([job])).toMatchObject([{ Comment: 'two  words' }])
})

test('a token that nobody carries is absent, once all have answered', async () => {
  const asked = request(['job.sh'])
  const search = await eventually(async () => {
    const answer = await slurm.findToken(asked.token, now(), asked.folder, userInfo().username)
    return answer.kind === 'absent' ? answer : null
  })
  expect(search).toEqual({ kind: 'absent' })
})

test('says nothing of ids it does not know, nor of another job that has the id', async () => {
  const job = await submit(request(['job.sh']))
  await whenOver(job, 1, 'facts')
  const never = { ...job, id: '67000000' as SchedulerJobId }
  const later = { ...job, token: 'other' as JobToken, submittedAt: job.submittedAt + 1000 }
  for (const stranger of [never, later]) {
    const look = await slurm.look([stranger], { depth: 'facts' })
    expect(rowsOf(look, 'queue', stranger)).toEqual([])
    expect(rowsOf(look, 'accounting', stranger)).toEqual([])
  }
  expect(await slurm.cancel([never, later])).toEqual([{ kind: 'already-over' }, { kind: 'already-over' }])
  expect(await slurm.describe([never, job, later])).toEqual([null, expect.any(Object), null])
  // Beyond a few, all jobs of the cluster are asked for at once.
  const many = [...Array.from({ length: 10 }, () => never), job, later]
  expect((await slurm.describe(many)).map((one) => one?.['WorkDir'] ?? null).slice(9)).toEqual([
    null,
    dir,
    null,
  ])
})

test('cancels many in one word', async () => {
  const jobs = [
    await submit(request(['--hold', 'job.sh'])),
    await submit(request(['--hold', '-a', '1-5', 'job.sh'])),
    await submit(request(['job.sh'])),
  ] as const
  await whenOver(jobs[2], 1, 'states')
  expect(await slurm.cancel(jobs)).toEqual([{ kind: 'asked' }, { kind: 'asked' }, { kind: 'already-over' }])
  expect(await whenOver(jobs[0], 1, 'states')).toMatchObject([{ state: 'CANCELLED' }])
})

test('the user’s own variables change no answer', async () => {
  const odd = {
    ...env,
    SQUEUE_STATES: 'RUNNING',
    SQUEUE_FORMAT: '%i',
    SLURM_TIME_FORMAT: 'relative',
    SQUEUE_USERS: 'nobody',
    SACCT_FORMAT: 'jobid',
    SLURM_CLUSTERS: 'far',
    SCANCEL_INTERACTIVE: '1',
  }
  const asked = slurmScheduler({ ...settings, env: odd })
  const job = await submit(request(['--hold', 'job.sh']))
  expect(rowsOf(await asked.look([job], { depth: 'states' }), 'queue', job)).toMatchObject([
    { state: 'PENDING' },
  ])
  expect(await asked.cancel([job])).toEqual([{ kind: 'asked' }])
})

test('a quiet sbatch leaves the token to find it', async () => {
  const asked = request(['-Q', '--hold', 'job.sh'])
  const outcome = await (await slurm.hold(asked)).go()
  expect(outcome.kind).toBe('submitted')
  if (outcome.kind === 'submitted')
    submitted.push({
      id: outcome.id,
      cluster: null,
      user: settings.user,
      submittedAt: now(),
      token: asked.token,
      folder: asked.folder,
    })
})

test.each([[['--test-only', 'job.sh']], [['--version']], [['--help']]])('%j makes no job', async (words) => {
  expect(await (await slurm.hold(request(words))).go()).toMatchObject({ kind: 'no-job', exitCode: 0 })
})

test('our reading of a command is sbatch’s own', async () => {
  const script = `#SBATCH -J "na me" -o 'o %x.txt' --comment="in script"\n  # more\n#SBATCH --array=1-3 # not this\n#SBATCH\t-e x#y\n#SBATCH--qos=normal\n:\n#SBATCH --partition=late`
  const words = ['-v', '--test-only', '-D', 'sub', '--open-m', 'append', 'job.sh', '-x']
  const asked = request(words, script)
  mkdirSync(join(dir, 'sub'))
  const told = await run('sbatch', words, { cwd: dir, env })
  const said = new Map(
    [...told.stderr.matchAll(/^sbatch: ([a-z-]+) +: ([^]*?)(?=\nsbatch: )/gm)].map(([, key, value]) => [
      key,
      value,
    ]),
  )
  const line = readSbatch(asked.words, {
    cwd: dir,
    env,
    readFile: (path) => (path.endsWith('job.sh') ? readFileSync(join(dir, 'job.sh'), 'utf8') : null),
  })
  const [read] = line.components
  expect({
    name: read.jobName,
    chdir: read.chdir,
    array: read.array,
    comment: read.comment?.text,
    qos: read.qos,
    out: logPlan(read).stdout,
    err: logPlan(read).stderr,
  }).toEqual({
    name: said.get('job-name'),
    chdir: said.get('chdir'),
    array: said.get('array'),
    comment: said.get('comment'),
    qos: said.get('qos'),
    out: said.get('output'),
    err: said.get('error'),
  })
})

test('log files are where the plan says', async () => {
  const asked = request(
    ['-J', 'a b', '-o', '%x-%A_%3a-%u.o', '-e', 'err%j', '-a', '4', 'job.sh'],
    'echo out; echo err >&2',
  )
  const job = await submit(asked)
  await whenOver(job, 1, 'facts')
  const line = readSbatch(asked.words, { cwd: dir, env, readFile: () => '' })
  const plan = logPlan(line.components[0])
  const facts = { job: job.id, task: 4, rawId: job.id, user: settings.user }
  for (const [pattern, text] of [
    [plan.stdout, 'out\n'],
    [plan.stderr, 'err\n'],
  ] as const) {
    const place = placeLog(plan, pattern, facts)
    expect(place.kind).toBe('path')
    if (place.kind === 'path') expect(readFileSync(place.path, 'utf8')).toBe(text)
  }
})

test('settles after MessageTimeout', async () => {
  const config = await askConfig({ env, deadline: 30 })
  if (!config.ok) throw new Error(JSON.stringify(config.failure))
  expect(await slurm.settleSeconds()).toBeGreaterThan(config.value.messageTimeout ?? 0)
})
