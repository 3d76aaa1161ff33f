import { expect, test } from 'vitest'
import { openInLedger, settled } from './support/after-kill.ts'
import { jobAccounted, jobEnded } from './support/job.ts'
import { killEverywhere, type KillCase, type KillReport } from './support/kill-harness.ts'
import { Sandbox } from './support/sandbox.ts'
import {
  addFiles,
  finish,
  recordOf,
  sandboxWithDataset,
  scheduleToEnd,
  status,
  tell,
} from './support/scenario.ts'
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

const index = '$SLURM_ARRAY_TASK_ID'
const script = `printf 'new' >>out/${index}.bin; ! grep -qx ${index} bad`

/** An array of which the tasks 1 and 3 failed; its outputs are annexed, and were there before. Gives Slurm's id. */
async function failedArray(): Promise<{ readonly box: Sandbox; readonly id: number }> {
  const box = await sandboxWithDataset()
  const old = [0, 1, 2, 3].map((task) => [`out/${task}.bin`, Buffer.alloc(2000, task + 1).fill(0, 0, 9)])
  await addFiles(box, 'ds', { ...(Object.fromEntries(old) as Record<string, Uint8Array>), bad: '1\n3\n' })
  const words = ['-o', 'out/{task}.bin', 'sbatch', '--array=0-3', 'job.sh', script]
  const { id } = await scheduleToEnd(box, words)
  return { box, id }
}

function told(report: KillReport): void {
  const died = report.tried.filter((one) => one.died).length
  if (everyPoint)
    process.stderr.write(`${report.tried.length} points of ${report.counted}, died at ${died}\n`)
  expect(died).toBeGreaterThan(report.tried.length / 4)
}

test(
  'finish --completed-tasks killed at any call: the next one records these tasks once, and the others stay open',
  { timeout: sweepLimit },
  async () => {
    const { box, id } = await failedArray()
    await using _ = box
    await keepTemplate(box)
    const report = await killEverywhere(box, {
      points: 7,
      prepare: async () => restore(box),
      command: () => ({
        words: ['waybill', 'finish', '--json', '--completed-tasks'],
        options: { cwd: 'ds' },
      }),
      check: async () => {
        await finish(box, ['--completed-tasks'])
        expect(await recordsByJob(box)).toEqual({ [id]: 1 })
        expect((await recordOf(box)).record.waybill['recorded_tasks']).toBe('0,2')
        const [job] = await askLedger(box, 'SELECT state, recorded, commit_id FROM jobs')
        expect(job).toMatchObject({ state: 'ended', commit_id: null })
        const commit = await box.git('ds', 'rev-parse', 'HEAD')
        expect(JSON.parse(String(job?.['recorded']))).toEqual([{ tasks: '0,2', commit }])
        // What the failed tasks wrote is as they left it.
        const left = ` T out/1.bin\n T out/3.bin\n?? slurm-${id}_1.out\n?? slurm-${id}_3.out`
        expect(` ${await status(box)}`.replace(/^ +/, ' ')).toBe(left)
        await whole(box)
      },
    })
    told(report)
  },
)

/** Kills `reschedule --failed-tasks`, and looks what the next commands make of it. */
async function sweepFailedTasks(
  options: Pick<KillCase<string>, 'points' | 'who' | 'calls'>,
): Promise<KillReport> {
  const { box, id } = await failedArray()
  await using _ = box
  await finish(box, ['--completed-tasks'])
  await addFiles(box, 'ds', { bad: '' })
  await keepTemplate(box)
  const good = await box.git('ds', 'rev-parse', 'HEAD~1')
  const words = ['reschedule', '--failed-tasks', String(id)]
  let attempt = 0
  const nameOf = (number: number): string => `t${process.pid}-${id}-${number}`
  // Without await the sandbox would be gone first.
  return await killEverywhere<string>(box, {
    ...options,
    prepare: async () => {
      // The run that only counts leaves a job behind, which would write into the next attempt's files.
      if (attempt === 1) for (const old of await clusterJobs(box, nameOf(attempt))) await jobEnded(box, old)
      await restore(box)
      attempt += 1
      return nameOf(attempt)
    },
    command: (name) => ({
      words: ['waybill', ...words, '--json'],
      options: { cwd: 'ds', env: { SBATCH_JOB_NAME: name } },
    }),
    check: async (name) => {
      await settled(box, ['jobs'])
      const ids = await clusterJobs(box, name)
      expect(ids.length, 'never submitted twice').toBeLessThanOrEqual(1)
      const open = await openInLedger(box)
      expect(
        open.map((job) => job.scheduler_id),
        'the old one is open until the new one is submitted',
      ).toEqual(ids.length === 0 ? [String(id)] : ids)
      const holders = await askLedger(box, 'SELECT DISTINCT job FROM reservations')
      expect(holders).toEqual([{ job: open[0]?.id }])
      if (ids.length === 0) {
        const again = await tell(box, words)
        expect(again.code, again.stdout + again.stderr).toBe(0)
      }
      const [now] = await openInLedger(box)
      const next = String(now?.scheduler_id)
      expect(next).not.toBe(String(id))
      await jobEnded(box, next)
      await jobAccounted(box, next)
      await finish(box)
      expect(await recordsByJob(box)).toEqual({ [id]: 1, [next]: 1 })
      expect((await recordOf(box)).record['chain']).toEqual([good])
      expect(await status(box)).toBe(`?? slurm-${id}_1.out\n?? slurm-${id}_3.out`)
      await whole(box)
    },
  })
}

test(
  'reschedule --failed-tasks killed at any call: submitted once, and the old job closed then and not before',
  { timeout: sweepLimit },
  async () => told(await sweepFailedTasks({ points: 7 })),
)

test(
  'reschedule --failed-tasks, its shell and sbatch killed at any call: the same',
  { timeout: sweepLimit },
  async () => {
    const calls = ['write', 'sendto', 'connect', 'execve', 'clone', 'vfork', 'rename', 'pwrite64']
    expect((await sweepFailedTasks({ points: 5, who: 'tree', calls })).tried.length).toBeGreaterThan(4)
  },
)
