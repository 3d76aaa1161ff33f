import { expect, test } from 'vitest'
import { openInLedger, scheduledOnceOrNever, slurmWitness } from './support/after-kill.ts'
import { jobAccounted, jobEnded, jobStates } from './support/job.ts'
import { killEverywhere } from './support/kill-harness.ts'
import type { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  sandboxWithDataset,
  schedule,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
import { askLedger, keepTemplate, restore, sweepLimit, whole } from './support/template.ts'

const annexed = (names: readonly string[]): Readonly<Record<string, Buffer>> =>
  Object.fromEntries(names.map((name, n) => [`out/${name}.bin`, Buffer.alloc(2000, n + 1).fill(0, 0, 9)]))

/** A job that failed after it had changed one of two annexed outputs. */
async function failedJob(): Promise<{ readonly box: Sandbox; readonly id: string }> {
  const box = await sandboxWithDataset()
  await addFiles(box, 'ds', annexed(['changed', 'same']))
  const { id } = await schedule(box, [
    '-o',
    'out',
    'sbatch',
    '-o',
    '/dev/null',
    'job.sh',
    'echo 1 >>out/changed.bin; exit 3',
  ])
  await jobEnded(box, id)
  await jobAccounted(box, id)
  await keepTemplate(box)
  return { box, id: String(id) }
}

test.each([
  ['close', (id: string) => ['close', id]],
  ['finish --close-failed-jobs', () => ['finish', '--close-failed-jobs']],
] as const)(
  '%s killed at any call: the next one gives the job up, and puts back what it had not changed',
  { timeout: sweepLimit },
  async (_name, words) => {
    const { box, id } = await failedJob()
    await using _ = box
    const report = await killEverywhere(box, {
      points: 6,
      prepare: async () => restore(box),
      command: () => ({ words: ['waybill', ...words(id)], options: { cwd: 'ds' } }),
      check: async () => {
        const again = await tell(box, words(id))
        expect(again.code, again.words).toBe(0)
        expect(await openInLedger(box)).toEqual([])
        expect(await askLedger(box, 'SELECT * FROM reservations')).toEqual([])
        expect(await askLedger(box, 'SELECT state FROM jobs')).toEqual([{ state: 'closed' }])
        expect(await status(box)).toMatch(/^ ?[MT] out\/changed.bin$/)
        expect(box.read('ds/out/changed.bin').endsWith('1\n')).toBe(true)
        await whole(box)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test(
  'cancel killed at any call: the job is open, and can be cancelled again',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await keepTemplate(box)
    const report = await killEverywhere(box, {
      points: 5,
      prepare: async () => {
        await restore(box)
        return String((await schedule(box, ['-o', 'out', 'sbatch', '--hold', 'job.sh', 'true'])).id)
      },
      command: (id) => ({ words: ['waybill', 'cancel', id], options: { cwd: 'ds' } }),
      check: async (id) => {
        expect((await openInLedger(box)).map(({ scheduler_id }) => scheduler_id)).toEqual([id])
        const again = await tell(box, ['cancel', id])
        expect(again.code, again.words).toBe(0)
        await jobEnded(box, id)
        expect((await jobStates(box, id)).join()).toMatch(/^CANCELLED/)
        const closed = await tell(box, ['close', id])
        expect(closed.code, closed.words).toBe(0)
        await whole(box)
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)

test(
  'reschedule killed at any call: submitted once and known, or never and nothing left',
  { timeout: sweepLimit },
  async () => {
    await using box = await sandboxWithDataset()
    await addFiles(box, 'ds', annexed(['a', 'b']))
    const name = `r${process.pid}-${Date.now().toString(36)}`
    await scheduleToEnd(box, ['-o', 'out', 'sbatch', `--job-name=${name}`, 'job.sh', 'echo 1 >>out/a.bin'])
    await finish(box)
    await keepTemplate(box)
    const slurm = slurmWitness(box)
    let earlier: readonly string[] = []
    const witness = {
      ...slurm,
      ids: async () => (await slurm.ids(name)).filter((id) => !earlier.includes(id)),
    }
    const report = await killEverywhere(box, {
      points: 5,
      prepare: async () => {
        for (const id of await witness.ids()) await witness.ended(id)
        earlier = await slurm.ids(name)
        await restore(box)
      },
      command: () => ({ words: ['waybill', 'reschedule', 'HEAD'], options: { cwd: 'ds' } }),
      check: async () => {
        await scheduledOnceOrNever(box, name, witness, ['jobs'])
      },
    })
    expect(report.tried.some(({ died }) => died)).toBe(true)
  },
)
