import { expect, test } from 'vitest'
import { openInLedger, settled, slurmWitness } from './support/after-kill.ts'
import { takeCluster } from './support/cluster.ts'
import { jobEnded } from './support/job.ts'
import { killEverywhere, type KillCase } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { sandboxWithDataset, tell } from './support/scenario.ts'
import { askLedger, keepTemplate, recordsByJob, restore, sweepLimit, whole } from './support/template.ts'

const jobsABatch = 3

/** The lines of a batch; each job has a name of its own, by which the cluster tells how often it got it. */
function lines(attempt: string, options: readonly string[]): string {
  return Array.from({ length: jobsABatch }, (_, i) =>
    JSON.stringify({
      command: [
        'sbatch',
        `--job-name=${attempt}-${i}`,
        '-o',
        '/dev/null',
        ...options,
        'job.sh',
        `echo ${i} >o${i}`,
      ],
      outputs: [`o${i}`],
    }),
  ).join('\n')
}

/** Each job was submitted once and gets one record, or was not submitted and has left nothing. */
async function onceOrNeverEach(box: Sandbox, attempt: string): Promise<number> {
  const witness = slurmWitness(box)
  await settled(box, ['jobs'])
  let submitted = 0
  const open = await openInLedger(box)
  const known: string[] = []
  for (let i = 0; i < jobsABatch; i++) {
    const ids = await witness.ids(`${attempt}-${i}`)
    expect(ids.length, `job ${i} is never submitted twice`).toBeLessThanOrEqual(1)
    for (const id of ids) await witness.ended(id)
    submitted += ids.length
    known.push(...ids)
  }
  expect(open.map(({ scheduler_id: id }) => id)).toEqual(known)
  const told = await tell(box, ['finish'])
  expect(told.code, told.words).toBe(0)
  const records = await recordsByJob(box)
  expect(known.map((id) => records[id])).toEqual(known.map(() => 1))
  await whole(box)
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
  expect(await askLedger(box, 'SELECT pattern FROM reservations')).toEqual([])
  return submitted
}

/** Kills batches at points over their lives. Gives how many jobs came of each. */
async function sweep(
  box: Sandbox,
  how: Pick<KillCase<string>, 'points' | 'who' | 'calls' | 'signal'>,
): Promise<readonly number[]> {
  await keepTemplate(box)
  let number = 0
  const counts: number[] = []
  const run = `b${process.pid}-${Date.now().toString(36)}`
  const report = await killEverywhere<string>(box, {
    ...how,
    prepare: async () => {
      if (number === 1)
        for (let i = 0; i < jobsABatch; i++)
          for (const id of await slurmWitness(box).ids(`${run}-1-${i}`)) await slurmWitness(box).ended(id)
      await restore(box)
      number += 1
      return `${run}-${number}`
    },
    command: (attempt) => ({
      words: ['waybill', 'schedule', '--batch', '-'],
      options: { cwd: 'ds', input: `${lines(attempt, [])}\n` },
    }),
    check: async (attempt, _, { code, stderr }) => {
      if (how.signal === 'SIGINT') {
        expect([0, 130], stderr).toContain(code)
        for (const job of await openInLedger(box)) expect(job.scheduler_id).not.toBeNull()
      }
      counts.push(await onceOrNeverEach(box, attempt))
    },
  })
  if (how.who !== 'tree') expect(report.tried.some(({ died }) => died)).toBe(true)
  return counts
}

test(
  'a batch killed at any call: each of its jobs is submitted once and known, or never and nothing left',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    const counts = await sweep(box, { points: 7 })
    expect(counts).toContain(0)
    expect(counts).toContain(jobsABatch)
  },
)

test(
  'a batch, its shell and its sbatches killed at any call: still each once or never',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await sweep(box, {
      points: 6,
      who: 'tree',
      calls: ['write', 'sendto', 'connect', 'execve', 'clone', 'vfork', 'pwrite64'],
    })
  },
)

test('Ctrl-C at any point of a batch leaves no job half submitted', { timeout: sweepLimit }, async () => {
  await using box = await sandboxWithDataset()
  await sweep(box, { points: 4, signal: 'SIGINT' })
})

test(
  'a look that releases held jobs killed at any call: each is submitted once in the end',
  { timeout: sweepLimit },
  async () => {
    await using cluster = await takeCluster('limits')
    await using box = await sandboxWithDataset({ env: cluster.env })
    const qos = ['-A', 'open', '-q', 'narrow']
    const fill = [
      'sbatch',
      '--parsable',
      '--hold',
      ...qos,
      '--array=0-2',
      '-o',
      '/dev/null',
      '--wrap',
      'true',
    ]
    await keepTemplate(box)
    let number = 0
    const run = `h${process.pid}-${Date.now().toString(36)}`
    const report = await killEverywhere<string>(box, {
      points: 6,
      prepare: async () => {
        await box.run(['scancel', '--me'])
        await restore(box)
        number += 1
        const filler = (await box.run(fill)).stdout.trim()
        const told = await tell(box, ['schedule', '--batch', '-'], {
          input: `${lines(`${run}-${number}`, qos)}\n`,
        })
        expect(told.words).toContain('held')
        await box.run(['scancel', filler])
        await jobEnded(box, filler)
        // It may be tried again at once.
        await askLedger(box, "UPDATE jobs SET held = json_set(held, '$.tried', 0) WHERE held IS NOT NULL")
        return `${run}-${number}`
      },
      command: () => ({ words: ['waybill', 'jobs'], options: { cwd: 'ds' } }),
      check: async (attempt) => {
        await askLedger(box, "UPDATE jobs SET held = json_set(held, '$.tried', 0) WHERE held IS NOT NULL")
        expect(await onceOrNeverEach(box, attempt)).toBe(jobsABatch)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)
