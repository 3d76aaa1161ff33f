import { expect, test } from 'vitest'
import { openInLedger, settled } from './support/after-kill.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { killEverywhere, type KillCase } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import { addFiles, openJobs, sandboxWithDataset, tell } from './support/scenario.ts'
import {
  askLedger,
  clusterJobs,
  everyPoint,
  keepTemplate,
  recordsByJob,
  restore,
  sweepLimit,
  whole,
} from './support/template.ts'

const parts = ['a', 'b', 'c'] as const

/** A dataset with a script that submits three jobs, one after the other. */
async function datasetWithScript(): Promise<Sandbox> {
  const box = await sandboxWithDataset()
  const lines = parts.map((part) => `sbatch --job-name=$1-${part} job.sh "echo $1 >out/${part}" || exit`)
  await addFiles(box, 'ds', { 'all.sh': `${lines.join('\n')}\n`, 'out/keep': 'here\n' })
  await keepTemplate(box)
  return box
}

/** What must hold whatever died: all that Slurm got is known, was submitted once, and comes into one record. */
async function allKnownOnce(box: Sandbox, name: string): Promise<number> {
  const before = await openInLedger(box)
  await settled(box, ['jobs'])
  const list = before.map(({ id }) => id).join() || '0'
  const rows = await askLedger(
    box,
    `SELECT members FROM jobs WHERE id IN (${list}) AND state <> 'refused' AND members IS NOT NULL`,
  )
  const members = rows.flatMap(({ members: json }) => JSON.parse(String(json)) as readonly { id: string }[])
  const known = members.map(({ id }) => id).toSorted()
  const got = await Promise.all(parts.map(async (part) => clusterJobs(box, `${name}-${part}`)))
  for (const ids of got) expect(ids.length, 'never submitted twice').toBeLessThanOrEqual(1)
  expect(known, 'Slurm got what the ledger has').toEqual(got.flat().toSorted())
  for (const id of known) {
    await jobEnded(box, id)
    await jobAccounted(box, id)
  }
  const told = await tell(box, ['finish'])
  expect(told.code, told.stdout + told.stderr).toBe(0)
  expect(await openJobs(box)).toEqual([])
  const [first] = members
  if (first !== undefined) expect(await recordsByJob(box)).toEqual({ [first.id]: 1 })
  await whole(box)
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
  expect(await askLedger(box, 'SELECT pattern FROM reservations')).toEqual([])
  return known.length
}

async function sweep(
  box: Sandbox,
  options: Pick<KillCase<string>, 'points' | 'who' | 'calls'>,
): Promise<readonly number[]> {
  let number = 0
  const run = `m${process.pid}-${Date.now().toString(36)}`
  const counts: number[] = []
  const report = await killEverywhere<string>(box, {
    ...options,
    prepare: async () => {
      if (number === 1)
        for (const part of parts)
          for (const id of await clusterJobs(box, `${run}-1-${part}`)) await jobEnded(box, id)
      await restore(box)
      number += 1
      return `${run}-${number}`
    },
    command: (name) => ({
      words: ['waybill', 'schedule', '--json', '--scheduler', 'slurm', '-o', 'out', 'sh', 'all.sh', name],
      options: { cwd: 'ds' },
    }),
    check: async (name) => {
      counts.push(await allKnownOnce(box, name))
    },
  })
  if (everyPoint) process.stderr.write(`${report.tried.length} of ${report.counted}: ${counts.join()}\n`)
  return counts
}

test(
  'waybill killed at any call: its command goes on, and all three jobs are known, or none was submitted',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithScript()
    const counts = await sweep(box, { points: 8 })
    expect(counts.every((count) => count === 0 || count === 3)).toBe(true)
    expect(counts).toContain(0)
    expect(counts).toContain(3)
  },
)

test(
  'waybill, the command and sbatch itself killed at any call: what was submitted is known, and nothing else is',
  { timeout: sweepLimit },
  async () => {
    await using box = await datasetWithScript()
    const calls = ['write', 'sendto', 'connect', 'execve', 'clone', 'vfork', 'rename', 'mkdir', 'close']
    const counts = await sweep(box, { points: 7, who: 'tree', calls })
    expect(counts.length).toBeGreaterThan(5)
  },
)
