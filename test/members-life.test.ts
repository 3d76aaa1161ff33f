import { expect, test } from 'vitest'
import { openInLedger } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  changesOf,
  finish,
  openJobs,
  recordOf,
  sandboxWithDataset,
  status,
  tell,
  type Told,
} from './support/scenario.ts'
import { clusterJobs, keepTemplate, recordsByJob, restore, sweepLimit, whole } from './support/template.ts'

const several = ['schedule', '--scheduler', 'slurm'] as const

function idsIn(told: Told): readonly number[] {
  const all = told.results.map((one) => (one as { slurm_job_ids?: readonly number[] }).slurm_job_ids)
  return all.find((ids) => ids !== undefined) ?? []
}

async function ended(box: Sandbox, ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
}

test('two scripts at once with one output: one submits all its jobs, the other none', async () => {
  await using box = await sandboxWithDataset()
  for (let round = 0; round < 4; round++) {
    const name = `r${process.pid}-${Date.now().toString(36)}-${round}`
    const line = (part: string): string =>
      `for n in 1 2; do sbatch --hold --job-name=${name}-${part} job.sh true; done`
    const told = await Promise.all(
      ['x', 'y'].map(async (part) => tell(box, [...several, '-o', `out/${round}`, line(part)])),
    )
    expect(told.map(({ code }) => code).toSorted()).toEqual([0, 1])
    const counts = await Promise.all(
      ['x', 'y'].map(async (part) => (await clusterJobs(box, `${name}-${part}`)).length),
    )
    expect(counts.toSorted()).toEqual([0, 2])
  }
  const names = (await openInLedger(box)).map(({ id }) => `w${id}`)
  expect(names).toHaveLength(4)
  expect((await tell(box, ['cancel', ...names])).code).toBe(0)
})

test('eight scripts at once with outputs of their own all succeed, and each has one record', async () => {
  await using box = await sandboxWithDataset()
  const told = await Promise.all(
    [0, 1, 2, 3, 4, 5, 6, 7].map(async (n) =>
      tell(box, [...several, '-o', `o${n}`, `sbatch job.sh "echo 1 >o${n}" && sbatch job.sh true`]),
    ),
  )
  const ids = told.map(idsIn)
  expect(new Set(ids.flat()).size).toBe(16)
  await ended(box, ids.flat())
  await Promise.all([tell(box, ['finish']), tell(box, ['finish'])])
  expect(await recordsByJob(box)).toEqual(Object.fromEntries(ids.map(([first]) => [String(first), 1])))
  await whole(box)
})

test('what a script leaves running in the background may submit after it: that is found, too', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const line = `sbatch job.sh 'echo 1 >out'; (${gate.line}; sbatch job.sh true; touch ../late) >/dev/null 2>&1 &`
  const told = await tell(box, [...several, '-o', 'out', line])
  expect(idsIn(told)).toHaveLength(1)
  await gate.open()
  while (!box.exists('late')) await new Promise((wake) => setTimeout(wake, 20))
  const listed = await tell(box, ['jobs'])
  expect(listed.results).toContainEqual(expect.objectContaining({ action: 'recover', status: 'ok' }))
  const ids = idsIn(listed)
  expect(ids).toHaveLength(2)
  await ended(box, ids)
  await finish(box)
  expect((await recordOf(box)).record.waybill['jobs']).toHaveLength(2)
  expect((await box.waybill(['jobs'], { cwd: 'ds' })).stdout).toBe('no open jobs\n')
})

test('while a script still submits, cancel and finish say so, and ask for patience', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const submitting = tell(box, [...several, '-o', 'out', `${gate.line}; sbatch --hold job.sh true`])
  await gate.reached()
  for (const command of ['cancel', 'finish']) {
    const told = await tell(box, [command, 'w1'])
    expect(told.code).toBe(1)
    expect(told.words).toContain('job w1 is being submitted by another process; try again')
  }
  await gate.open()
  expect((await submitting).code).toBe(0)
  expect((await tell(box, ['cancel', 'w1'])).code).toBe(0)
})

test('Ctrl-C while a script submits: it is said where to look, and all its jobs are found', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const line = `sbatch job.sh 'echo 1 >out'; ${gate.line}; sbatch job.sh true; touch ../late`
  const script = 'echo $$ >../pid; exec waybill schedule -o out "$1"'
  const options = { cwd: 'ds', allowFailure: true }
  const scheduling = box.run(['setsid', '-w', 'sh', '-c', script, 'sh', line], options)
  await gate.reached()
  await box.run(['sh', '-c', `kill -s INT -- -${box.read('pid').trim()}`])
  await gate.open()
  const { code, stderr } = await scheduling
  expect(code, stderr).toBe(130)
  expect(stderr).toContain('`waybill jobs` shows what came of job w1')
  while (!box.exists('late')) await new Promise((wake) => setTimeout(wake, 20))
  const [job] = (await tell(box, ['jobs'])).results as readonly { readonly ids?: readonly string[] }[]
  const ids = (job?.ids ?? []).map(Number)
  expect(ids).toHaveLength(2)
  await ended(box, ids)
  await finish(box)
  expect((await recordOf(box)).record.waybill['jobs']).toHaveLength(2)
})

test('the command runs in an alternative directory, and the logs of all its jobs come back', async () => {
  await using box = await sandboxWithDataset()
  await box.run(['mkdir', 'alt'])
  const words = [
    '-a',
    '../alt',
    '-i',
    'job.sh',
    '-o',
    'out',
    'sbatch job.sh "echo 1 >out" && sbatch job.sh true',
  ]
  const ids = idsIn(await tell(box, [...several, ...words]))
  expect(ids).toHaveLength(2)
  await ended(box, ids)
  await finish(box)
  const made = [...ids.map((id) => `slurm-${id}.out`), ...ids.map((id) => `slurm-job-${id}.env.json`), 'out']
  expect(await changesOf(box)).toEqual(made.map((path) => `A ${path}`).toSorted())
  expect(await status(box)).toBe('')
})

test('what the queue has forgotten of some of the jobs, accounting still tells', async () => {
  await using cluster = await takeCluster('short-memory')
  await using box = await sandboxWithDataset({ env: cluster.env })
  const line = "sbatch --array=1-2 job.sh 'echo 1 >out'; sbatch job.sh 'exit 3'"
  const ids = idsIn(await tell(box, [...several, '-o', 'out', line]))
  await ended(box, ids)
  for (let rows = 'some'; rows !== '';) {
    rows = (await box.run(['squeue', '-h', '-t', 'all', '-o', '%F', '--me'])).stdout
  }
  expect((await tell(box, ['finish'])).words).toContain(
    `${ids[0]}_1: COMPLETED, ${ids[0]}_2: COMPLETED, ${ids[1]}: FAILED`,
  )
  await finish(box, ['--commit-failed-jobs'])
  expect((await recordOf(box)).record.waybill['jobs']).toMatchObject([
    { state: 'COMPLETED', tasks: ['1-2 COMPLETED'] },
    { state: 'FAILED', exit_code: 3 },
  ])
})

test(
  'Ctrl-C at any point: it ends with 130, and all jobs of the command are known, or none was submitted',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'out/keep': '' })
    await keepTemplate(box)
    let name = ''
    const report = await killEverywhere(box, {
      signal: 'SIGINT',
      points: 5,
      prepare: async () => {
        if (name !== '') for (const id of await clusterJobs(box, name)) await jobEnded(box, id)
        await restore(box)
        name = `c${process.pid}-${Date.now().toString(36)}`
      },
      command: () => ({
        words: ['waybill', ...several, '-o', 'out', `for n in 1 2; do sbatch -J ${name} job.sh true; done`],
        options: { cwd: 'ds' },
      }),
      check: async (_, __, { code, stderr }) => {
        expect([0, 130], stderr).toContain(code)
        const got = await clusterJobs(box, name)
        expect([0, 2]).toContain(got.length)
        for (const job of await openInLedger(box)) expect(job.scheduler_id).not.toBeNull()
        expect(await openJobs(box)).toHaveLength(got.length / 2)
        for (const id of got) await jobEnded(box, id)
        if (got.length > 0) await finish(box, [got[1] ?? ''])
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)
