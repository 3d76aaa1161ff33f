import { expect, test } from 'vitest'
import { openInLedger, scheduledOnceOrNever, slurmWitness } from './support/after-kill.ts'
import { allRecorded, threeEndedJobs, usersOwn } from './support/ended-jobs.ts'
import { makeGate } from './support/gate.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { killEverywhere } from './support/kill-harness.ts'
import { addFiles, finish, sandboxWithDataset, status, tell } from './support/scenario.ts'
import { keepTemplate, restore, sweepLimit } from './support/template.ts'

const nameOf = (n: number): string => `i${process.pid}-${Date.now().toString(36)}-${n}`

test(
  'Ctrl-C at any point of schedule: it ends with 130, and the job is known, or nothing was submitted',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'out/1.bin': Buffer.alloc(2000, 1).fill(0, 0, 9) })
    await keepTemplate(box)
    const witness = slurmWitness(box)
    let name = ''
    const report = await killEverywhere(box, {
      signal: 'SIGINT',
      points: 6,
      prepare: async () => {
        if (name !== '') for (const id of await witness.ids(name)) await witness.ended(id)
        await restore(box)
        name = nameOf(0)
      },
      command: () => ({
        words: [
          'waybill',
          'schedule',
          '-o',
          'out',
          'sbatch',
          `--job-name=${name}`,
          'job.sh',
          'echo 1 >>out/1.bin',
        ],
        options: { cwd: 'ds' },
      }),
      check: async (_, __, { code, stderr }) => {
        expect([0, 130], stderr).toContain(code)
        // Unlike a kill, it leaves nobody in the dark: what was begun was brought to its end.
        for (const job of await openInLedger(box)) expect(job.scheduler_id).not.toBeNull()
        await scheduledOnceOrNever(box, name, witness, ['jobs'])
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test(
  'Ctrl-C at any point of finish: it ends with 130, and the next one records each job once',
  { timeout: sweepLimit },
  async () => {
    const { box, ids } = await threeEndedJobs()
    await using _ = box
    const report = await killEverywhere(box, {
      signal: 'SIGINT',
      points: 4,
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', 'finish'], options: { cwd: 'ds' } }),
      check: async (_state, _point, { code, stderr }) => {
        expect([0, 130], stderr).toContain(code)
        await allRecorded(box, ids)
        expect(await status(box)).toBe(usersOwn)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test('Ctrl-C reaches git and git-annex too, and still no job is lost', { timeout: sweepLimit }, async () => {
  const { box, ids } = await threeEndedJobs()
  await using _ = box
  for (const seconds of ['0.2', '0.35', '0.5']) {
    await restore(box)
    // Sends the signal to its whole process group, as a terminal does.
    const words = ['timeout', '--preserve-status', '-s', 'INT', seconds, 'waybill', 'finish']
    const ran = await box.run(words, { cwd: 'ds', allowFailure: true })
    expect([0, 130], ran.stdout + ran.stderr).toContain(ran.code)
    await allRecorded(box, ids)
    expect(await status(box)).toBe(usersOwn)
  }
})

test('Ctrl-C reaches what schedule started, but not sbatch', { timeout: sweepLimit }, async () => {
  await using box = await sandboxWithDataset()
  await addFiles(box, 'ds', { 'out/1.bin': Buffer.alloc(2000, 1).fill(0, 0, 9) })
  await keepTemplate(box)
  for (const seconds of ['0.1', '0.2', '0.25', '0.3']) {
    await restore(box)
    const name = nameOf(Number(seconds) * 100)
    const words = [
      'waybill',
      'schedule',
      '-o',
      'out',
      'sbatch',
      `--job-name=${name}`,
      'job.sh',
      'echo 1 >>out/1.bin',
    ]
    const ran = await box.run(['timeout', '--preserve-status', '-s', 'INT', seconds, ...words], {
      cwd: 'ds',
      allowFailure: true,
    })
    expect([0, 130], ran.stdout + ran.stderr).toContain(ran.code)
    for (const job of await openInLedger(box)) expect(job.scheduler_id).not.toBeNull()
    await scheduledOnceOrNever(box, name, slurmWitness(box), ['jobs'])
  }
})

test('Ctrl-C while sbatch --wait waits: the job runs on, and is known', async () => {
  await using box = await sandboxWithDataset()
  const gate = makeGate(box)
  const script = 'echo $$ >../pid; exec waybill schedule -o out sbatch --wait job.sh "$1"'
  const waiting = box.run(
    ['setsid', '-w', 'sh', '-c', script, 'sh', `${gate.line}; mkdir out; echo 1 >out/x`],
    {
      cwd: 'ds',
      allowFailure: true,
    },
  )
  await gate.reached()
  await box.run(['sh', '-c', `kill -s INT -- -${box.read('pid').trim()}`])
  expect((await waiting).code).toBe(130)
  const [job] = (await tell(box, ['jobs'])).results as unknown as readonly { id: string; state: string }[]
  expect(job?.state).toBe('running')
  await gate.open()
  const id = job?.id ?? ''
  await jobEnded(box, id)
  await jobAccounted(box, id)
  const told = await finish(box)
  expect(told.results.map(({ action }) => action)).not.toContain('recover')
  expect(await status(box)).toBe('')
})
