import { expect, test } from 'vitest'
import { localWitness, scheduledOnceOrNever, slurmWitness, type Witness } from './support/after-kill.ts'
import { killEverywhere } from './support/kill-harness.ts'
import { addFiles, sandboxWithDataset, tell } from './support/scenario.ts'
import type { Sandbox } from './support/sandbox.ts'
import { askLedger, keepTemplate, recordsByJob, restore, sweepLimit, whole } from './support/template.ts'

/**
 * What must hold after a `run` that died: until it was recorded the job goes on and `finish` records it; then there is
 * one record and nothing to do.
 */
async function ranOnceOrNever(box: Sandbox, name: string, witness: Witness): Promise<void> {
  await tell(box, ['jobs'])
  const jobs = await askLedger(box, "SELECT id FROM jobs WHERE state = 'recorded'").catch(() => [])
  if (jobs.length === 0) {
    await scheduledOnceOrNever(box, name, witness, ['jobs'])
    return
  }
  expect(Object.values(await recordsByJob(box))).toEqual([1])
  expect(await witness.ids(name)).toHaveLength(1)
  await whole(box)
  expect(await box.git('ds', 'status', '--porcelain')).toBe('')
}

const nameOf = (): string => `r${process.pid}-${Date.now().toString(36)}`

test.each(['SIGKILL', 'SIGINT'] as const)(
  'run of a command ended by %s at any call: it ran once and is recorded once, or never ran',
  { timeout: sweepLimit },
  async (signal) => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'out/1.bin': Buffer.alloc(2000, 1).fill(0, 0, 9) })
    await keepTemplate(box)
    const witness = localWitness(box)
    let name = ''
    const report = await killEverywhere(box, {
      signal,
      points: 9,
      prepare: async () => {
        await restore(box)
        await box.run(['rm', '-f', 'ran'])
        name = nameOf()
      },
      command: () => ({
        words: ['waybill', 'run', '-o', 'out', 'sh', '-c', `echo ${name} >>../ran; echo 1 >>out/1.bin`],
        options: { cwd: 'ds' },
      }),
      check: async (_, __, { code, stderr }) => {
        if (signal === 'SIGINT') expect([0, 130], stderr).toContain(code)
        await ranOnceOrNever(box, name, witness)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test(
  'run without outputs killed at any call: finish records all that changed, once',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', { 'old.txt': 'old\n' })
    await keepTemplate(box)
    const witness = localWitness(box)
    let name = ''
    await killEverywhere(box, {
      points: 6,
      prepare: async () => {
        await restore(box)
        await box.run(['rm', '-f', 'ran'])
        name = nameOf()
      },
      command: () => ({
        words: ['waybill', 'run', 'sh', '-c', `echo ${name} >>../ran; rm old.txt; echo 1 >new.txt`],
        options: { cwd: 'ds' },
      }),
      check: async () => {
        await ranOnceOrNever(box, name, witness)
        const tracked = (await box.git('ds', 'ls-tree', '-r', '--name-only', 'HEAD')).split('\n')
        const ran = (await witness.ids(name)).length > 0
        expect([tracked.includes('new.txt'), tracked.includes('old.txt')]).toEqual([ran, !ran])
      },
    })
  },
)

test(
  'run of a Slurm job killed at any call: it was submitted once and is recorded once, or never',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await keepTemplate(box)
    const witness = slurmWitness(box)
    let name = ''
    await killEverywhere(box, {
      points: 6,
      prepare: async () => {
        if (name !== '') for (const id of await witness.ids(name)) await witness.ended(id)
        await restore(box)
        name = nameOf()
      },
      command: () => ({
        words: [
          'waybill',
          'run',
          '-o',
          'out',
          'sbatch',
          `--job-name=${name}`,
          'job.sh',
          'mkdir out; echo 1 >out/x',
        ],
        options: { cwd: 'ds', env: { WAYBILL_FACTS_WAIT: '0' } },
      }),
      check: async () => ranOnceOrNever(box, name, witness),
    })
  },
)
